"""Where clips come from: videos or records. Which of them it is, is decided here, once."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from pipelines.annotations.entries import Manifest
from pipelines.dataset.epochs import EpochCounter, EpochPlan
from pipelines.dataset.fallback import Fallback
from pipelines.dataset.from_records.source import RecordSource
from pipelines.dataset.from_videos import VideoSource
from pipelines.dataset.quarantine import Quarantine
from pipelines.records.index import of_manifest
from pipelines.sample.clips import check_policy
from pipelines.sample.parted import check_temporal_crop
from pipelines.video.frame_cache import FrameCache
from pipelines.video.jumps import repaid
from pipelines.video.probe_cache import Probes
from res3d.geometry import ClipSpec


class Source(Protocol):
    """What clips are read from, by position in a manifest.

    Attributes:
        manifest: `Manifest`.
        clip: `ClipSpec`.
        fallback: `Fallback`. What stands in for a video that cannot be read; its `quarantine` lists them.
    """

    manifest: Manifest
    clip: ClipSpec
    fallback: Fallback

    def check(self, workers: int, every: bool = False) -> list[int]:
        """Positions of videos found good before the first batch: of all if `every`, else at least of one.

        What is remembered as bad from a former run is quarantined.

        Raises:
            ValueError: if none can be read, or all are shorter than a clip.
        """

    def looked_at(self, index: int) -> bool:
        """Whether it is known of a video if it can be read."""

    def extent(self, index: int) -> tuple[Any, int, int]:
        """(info, first, last): what `pipelines.sample` has to know of a video, and the half-open range of its frames.

        Raises:
            VideoError: for a video that cannot be read.
        """

    def training(self, plan: EpochPlan, crop: Any, full_frame: bool, workers: int) -> Callable[
            [EpochCounter], tf.data.Dataset]:
        """A function of the counter of epochs that gives the epoch due when the iteration starts.

        Args:
            plan: `EpochPlan`.
            crop: None for the centre, or what chooses a box, such as a `ClipCrop`; the clips of a video share it.
            full_frame: bool. Whole pictures, scaled as the clip says, in place of a crop.
            workers: int. Videos read at once.

        Its elements are (uint8 clips of a video, the video's target, row): a stand-in's clips come with its own target.
        """

    def evaluation(self, places: list[int], protocol: Any, batch_size: int, workers: int) -> tf.data.Dataset:
        """Batches (clips, targets) of the one clip that a `Protocol` takes of each of the videos at `places`.

        Those that cannot be read are left out of their batch, and a batch of none but such altogether.
        """

    def views(self, videos: np.ndarray, protocol: Any, workers: int) -> tf.data.Dataset:
        """(uint8 views, target, position) of each video; no views of one that cannot be read."""

    def epoch_done(self, epoch: int) -> None:
        """To be called when an epoch has been read to its end: logs how many videos were replaced, and saves."""

    def save(self) -> None:
        """Writes down what was found out, where paths were given for it."""


def open_source(manifest: Manifest, clip: ClipSpec, *, on_error: str = "quarantine", policy: str = "repeat_last",
                workers: int = 1, quarantine_csv: Any = None, probe_cache: Any = None, jumps: bool | None = None,
                data_service: str | None = None, temporal_crop: float = 0.0, cache: FrameCache | None = None) -> Source:
    """The `Source` of a manifest; the arguments are those of `training_clips`.

    Raises:
        ValueError: for wrong arguments, a manifest of videos and records, a data service for videos, or no room for
            their frames where the cache has to have it.
    """
    check_policy(policy)
    temporal_crop = check_temporal_crop(temporal_crop, clip)
    fallback = Fallback(manifest.entries, Quarantine(quarantine_csv), on_error)
    if of_manifest(manifest):
        if cache is not None and cache.where != "auto":
            raise ValueError("`cache` keeps frames of videos, which cost more to decode. Received: records. Leave it "
                             "out.")
        return RecordSource(manifest, clip, fallback, policy, data_service, temporal_crop)
    if data_service is not None:
        raise ValueError("`data_service` needs records, which its workers read without Python. Received videos. Run "
                         "`res3d prepare` first.")
    wanted = repaid(entry.path for entry in manifest.entries) if jumps is None else jumps
    source = VideoSource(manifest, clip, fallback, Probes(probe_cache, wanted), policy, workers, temporal_crop)
    if cache is not None:
        source.keep(cache, workers)
    return source
