"""Clips out of videos: probe, choose frames, decode; in Python, by threads that `tf.data` calls each for a video."""

import copy
from concurrent import futures

import numpy as np
import tensorflow as tf

from pipelines.dataset import graph
from pipelines.dataset.epochs import ROW
from pipelines.dataset.fallback import too_short
from pipelines.dataset.targets import targets_of
from pipelines.sample import clips
from pipelines.sample.extents import extent
from pipelines.sample.seeds import fold_in
from pipelines.video import frame_folder, reading, sources
from pipelines.video.frame_cache import KeptFrames
from res3d.terminal.progress import bar

PICTURE = ("height", "width", "channels", "resize")  # what decides how a frame looks, before it is cropped


class VideoSource:
    """The `Source` of video files and folders of frames.

    Args:
        manifest: `Manifest`.
        clip: `ClipSpec`.
        fallback: `Fallback` of the same.
        probes: `Probes`.
        policy: what stands for frames past the end of a video, as in `pipelines.sample`.
        workers: int. Threads that will call; where there are fewer videos, those left over help with decoding.
        temporal_crop: float. As in `pipelines.sample.parted.drawn`.
    """

    def __init__(self, manifest, clip, fallback, probes, policy="repeat_last", workers=1, temporal_crop=0.0):
        self.manifest, self.clip, self.fallback, self.probes, self.policy = manifest, clip, fallback, probes, policy
        self.temporal_crop, self.strides = temporal_crop, None
        self.kept, self.kept_for = None, clip
        self._whole = set()  # positions of videos that have been found to have their frames
        self.threads = max(1, workers // max(len(manifest.entries), 1))

    def of(self, clip, strides=None):
        """The same videos for training clips of another shape; what was found out of them, and kept, is shared.

        Args:
            clip: `ClipSpec`.
            strides: (least, greatest) step between frames, drawn for each clip; None for the clip's.
        """
        other = copy.copy(self)
        other.clip, other.strides = clip, strides
        return other

    def extent(self, index, opened=None):
        """(info, first, last): what probing says of a video, and the half-open range of frames its entry covers.

        `opened` is the video as `sources.hold` gives it, for those who then read it.
        """
        entry = self.manifest.entries[index]
        info = self.probes.info(entry.path, entry.num_frames is not None, opened)
        first, last = extent(entry, info)
        self._whole.add(index)
        return info, first, last

    def looked_at(self, index):
        """Whether it is known of a video if it can be read."""
        return index in self._whole or self.fallback.is_bad(index)

    def random_clips(self, index, key, count=1, crop=None, full_frame=False):
        """`count` random clips of one video, decoded in one pass: uint8 (count, frames, height, width, channels).

        Args:
            index: int. Position in the manifest.
            key: int. All randomness comes from it.
            count: int.
            crop: None for the centre, or what has `box(height, width, key)`, (top, left, height, width) in pixels of
                the source; the clips of a video share it.
            full_frame: bool. Keep the whole resized picture instead of a crop.
        """
        clip, opened = self.clip, self._opened(index)
        info, first, last = self.extent(index, opened)
        numbers = [int(fold_in(key, number) >> np.uint64(1)) for number in range(count)]
        chosen = [clips.random_clip(info, clips.strided(clip, number, self.strides), number, first, last, self.policy,
                                    self.temporal_crop) for number in numbers]
        return self.chosen_clips(index, chosen, key, crop, full_frame, opened)

    def chosen_clips(self, index, chosen, key=0, crop=None, full_frame=False, opened=None):
        """As `random_clips`, of the frames `chosen`: lists of numbers, one a clip."""
        clip, opened = self.clip, self._opened(index) if opened is None else opened
        source, options = self._reader(index, opened, self.extent(index, opened))
        if full_frame:
            pictures = source.read_frames(opened, np.concatenate(chosen), clip.resized_size, channels=clip.channels,
                                          **options)
            return pictures.reshape(len(chosen), clip.frames, *pictures.shape[1:])
        box = None if crop is None else lambda height, width: crop.box(height, width, key)
        return source.read_clips(opened, chosen, clip, box=box, **options)

    def all_views(self, index, protocol, opened=None):
        """All views of a video under a `Protocol`, decoded in one pass: uint8 (views, *clip shape)."""
        opened = self._opened(index) if opened is None else opened
        info, first, last = self.extent(index, opened)
        lists = protocol.indices(info, self.clip, first, last)
        clip = protocol.test_clip(self.clip, len(lists[0]))
        source, options = self._reader(index, opened, (info, first, last), clip)
        return source.read_clips(opened, lists, clip, protocol.crops, **options)

    def _opened(self, index):
        entry = self.manifest.entries[index]
        return entry.path if entry.num_frames is not None else sources.hold(entry.path)

    def _reader(self, index, opened, extent, clip=None):
        """What reads the frames of an entry for clips like `clip`, and what to tell it."""
        info, first, last = extent
        source, options = reading, {"info": info, "threads": self.threads}
        if self.manifest.entries[index].num_frames is not None:
            source, options = frame_folder, {}
        clip = clip or self.clip
        size = self.kept_for.resized_size(info.height, info.width)
        # Frames kept serve clips that are cut from pictures of their size, and only if these are not scaled once more.
        alike = all(getattr(clip, name) == getattr(self.clip, name) for name in PICTURE)
        if self.kept is None or not alike or self.kept_for.resized_size(*size) != size:
            return source, options

        def pictures():
            return source.read_frames(opened, range(first, last), size, channels=self.clip.channels, **options)

        name = repr((info.path, sources.stamp(info.path) if self.kept.folder else None, first, last, size,
                     self.clip.channels))
        return KeptFrames(self.kept.frames(name, pictures), first), {}

    def keep(self, cache, workers):
        """Keeps decoded frames in the `FrameCache`, if there is room for those of all videos, which are probed."""
        size = 0
        for index in self.check(workers, every=True):
            info, first, last = self.extent(index)
            height, width = self.clip.resized_size(info.height, info.width)
            size += (last - first) * height * width * self.clip.channels
        self.kept = cache.room(size)

    def check(self, workers, every=False):
        """Probes videos, in parallel, until one is good and long enough for a clip; or every one of them.

        Returns:
            positions of those found good.

        Raises:
            ValueError: if no video decodes, or all are shorter than a clip.
        """
        for index in self._remembered_bad():
            self.fallback.try_read(self.extent, index)
        total = len(self.manifest.entries)
        good, longest, enough = [], (0, None), False
        with futures.ThreadPoolExecutor(workers) as pool, bar(total, "probing", "video", every) as counted:
            at_once = total if every else workers
            for start in range(0, total, at_once):
                indices = range(start, min(start + at_once, total))
                extents = pool.map(lambda index: self.fallback.try_read(self.extent, index), indices)
                for index, extent in zip(indices, extents):
                    counted.update()
                    if extent is None:
                        continue
                    good.append(index)
                    info, first, last = extent
                    longest = max(longest, (last - first, index))
                    enough |= clips.fits(info, self.clip, first, last)
                if enough:
                    break
        if not good:
            raise self.fallback.nothing_usable()
        if not enough:
            frames, index = longest
            raise too_short(self.clip, "video", len(good), self.manifest.entries[index].path,
                            f"{frames} frames of its own")
        return good

    def _remembered_bad(self):
        if not self.probes.remembers_bad:
            return []
        return [index for index, entry in enumerate(self.manifest.entries) if self.probes.was_bad(entry.path)]

    def training(self, plan, crop, full_frame, workers):
        """As `Source.training`: one call into Python a video."""
        targets, count = targets_of(self.manifest), plan.clips_per_video

        def read(row):
            row = ROW.named(row)
            clips, used = self.fallback.read_or_next(
                lambda index: self.random_clips(index, int(row["key"]), count, crop, full_frame), int(row["video"]))
            return clips, targets[used]

        decoded = graph.decoded(read, graph.clips_shape(self.clip, count, full_frame), targets)
        return lambda epochs: graph.epoch_rows(epochs, plan).map(decoded, workers)

    def evaluation(self, places, protocol, batch_size, workers):
        """As `Source.evaluation`; a video that has become unreadable since it was found good stops the reading."""
        targets, shape = targets_of(self.manifest), protocol.test_clip(self.clip).shape

        def read(video):
            opened = self._opened(int(video))
            if self.fallback.try_read(lambda index: self.extent(index, opened), int(video)) is None:
                return np.zeros(shape, np.uint8), targets[video], False
            clips = self.fallback.read(lambda index: self.all_views(index, protocol, opened), int(video))
            return clips[0], targets[video], True

        dtypes, shapes = (tf.uint8, tf.as_dtype(targets.dtype), tf.bool), (shape, targets.shape[1:], ())
        dataset = tf.data.Dataset.from_tensor_slices(np.array(places, np.int64))
        return graph.batches_of_good(dataset.map(lambda video: graph.call(read, [video], dtypes, shapes), workers),
                                     batch_size)

    def views(self, videos, protocol, workers):
        """As `Source.views`."""
        targets, shape = targets_of(self.manifest), protocol.test_clip(self.clip).shape

        def read(video):
            views = self.fallback.try_read(lambda index: self.all_views(index, protocol), int(video))
            return np.empty((0, *shape), np.uint8) if views is None else views, targets[video]

        frames = None if protocol.name == "full_video" else shape[0]
        decoded = graph.decoded(read, (None, frames, *shape[1:]), targets)
        return tf.data.Dataset.from_tensor_slices(videos).map(decoded, workers)

    def epoch_done(self, epoch):
        """Logs, when it has changed, how many videos others stand in for; saves."""
        self.fallback.report(epoch)
        self.save()

    def save(self):
        """Writes the quarantine and what was probed, where paths were given for them."""
        self.fallback.quarantine.save()
        self.probes.save()
