"""Where the frames of windows come from: long videos, or records of them; one interface, chosen once.

Attributes of either: `paths`, the videos that can be used, in their order; `lengths`, how many steps each has; and
`Fallback`, the kind of `Fallback` for windows of them.
"""

import types
from concurrent import futures

import numpy as np

from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset.fallback import Fallback
from pipelines.dataset.from_videos import VideoSource
from pipelines.dataset.windows.recorded import PieceFallback, RecordedVideos
from pipelines.sample.clips import stream
from pipelines.sample.streaming import to_channels
from pipelines.video.frame_cache import KeptFrames


class VideoFootage:
    """Frames of video files; all are probed.

    Args:
        videos: paths.
        clip: `ClipSpec`, dense, with `fps`.
        quarantine: `Quarantine`.
        probes: `Probes`.
        workers: int. Videos probed at once, which happens here.
        on_error: as of `Fallback`.
        cache: `FrameCache` or None.

    Raises:
        ValueError: if no video decodes.
    """

    Fallback = Fallback

    def __init__(self, videos, clip, quarantine, probes, workers, on_error="quarantine", cache=None):
        def opened(paths):
            manifest = Manifest([Entry(path) for path in paths], [], multi_label=True)
            return VideoSource(manifest, clip, Fallback(manifest.entries, quarantine, on_error), probes,
                               workers=workers)

        probing, frames = opened(videos), {}  # path: the number of the frame at each step
        for index in _usable(probing, workers):
            info, first, last = probing.extent(index)
            frames[videos[index]] = np.array(stream(info, clip, first, last)[::clip.stride])
        self.paths = [path for path in videos if path in frames]
        self._frames = [frames[path] for path in self.paths]
        self.lengths = [len(numbers) for numbers in self._frames]
        self._videos = opened(self.paths)
        if cache is not None:
            self._videos.keep(cache, workers)

    def pixels(self, video, steps, key, crop=None, full_frame=False):
        """uint8 (1, *clip shape) of the frames at `steps` of the video at a position; rest as of `VideoSource`."""
        chosen = self._frames[video][steps].tolist()
        return self._videos.chosen_clips(video, [chosen], key, crop, full_frame)

    def extent(self, video):
        """As `Source.extent`."""
        return self._videos.extent(video)

    def save(self):
        """Writes down what was probed, where a path was given for it."""
        self._videos.probes.save()


class RecordFootage:
    """The same of records.

    Args:
        folder: of the records.
        videos: names, as the records have them; those that could not be prepared are quarantined with the reason.
        clip: `ClipSpec`, dense, with `fps`.
        quarantine: `Quarantine`.

    Raises:
        ValueError: for records of clips, of other steps or pictures than the clip's, or none of the videos.
    """

    Fallback = PieceFallback

    def __init__(self, folder, videos, clip, quarantine):
        self.recorded, self.clip = RecordedVideos(folder, clip), clip
        for video in videos:
            if video not in self.recorded.steps:
                quarantine.add(video, self.recorded.why_not(video))
        self.paths = [video for video in videos if video in self.recorded.steps]
        if not self.paths:
            raise ValueError(f"Expected records of at least one of {len(videos)} videos. Received none of them: "
                             f"'{videos[0]}': {self.recorded.why_not(videos[0])}.")
        self.lengths = [self.recorded.steps[video] for video in self.paths]

    def pixels(self, video, steps, key, crop=None, full_frame=False):
        """As of `VideoFootage`; a box of `crop` is in pixels of the frames as they are recorded."""
        found = {step: to_channels(picture, self.clip.channels)
                 for step, picture in self.recorded.pictures(self.paths[video], steps).items()}
        steps = steps.tolist()
        if full_frame:
            return np.stack([found[step] for step in steps])[None]
        box = None if crop is None else lambda height, width: crop.box(height, width, key)
        return KeptFrames(found, 0).read_clips(None, [steps], self.clip, box=box)

    def extent(self, video):
        """As `Source.extent`: a frame a step."""
        info = types.SimpleNamespace(path=self.paths[video], num_frames=self.lengths[video], fps=self.recorded.rate,
                                     times_us=None, steady=True)
        return info, 0, info.num_frames

    def save(self):
        """Nothing: there is nothing to find out."""


def _usable(source, workers):
    """Positions of the videos that decode, however short; ValueError if none does."""
    with futures.ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda index: source.fallback.try_read(source.extent, index) is not None,
                         range(len(source.manifest.entries)))
    good = [index for index, usable in enumerate(found) if usable]
    if not good:
        raise source.fallback.nothing_usable()
    return good
