"""Clips out of the entries of a manifest: probe, choose frames, decode; and the next usable video where one fails.

No TensorFlow here: threads call it, each for a clip of its own.
"""

from concurrent import futures

import numpy as np
from absl import logging

from pipelines.sample import clips
from pipelines.sample.extents import extent
from pipelines.sample.seeds import fold_in
from pipelines.storage.addresses import shown
from pipelines.video import frame_folder, reading, sources
from pipelines.video.info import UnreachableError, VideoError

ON_ERROR = ("quarantine", "raise")


class ClipReader:
    """Reads clips of a manifest's videos, by position in the manifest.

    Args:
        manifest: `Manifest`.
        clip: `ClipSpec`.
        probes: `Probes`.
        quarantine: `Quarantine`.
        on_error: "quarantine" or "raise".
        policy: what stands for frames past the end of a video, as in `pipelines.sample`.
        workers: int. Threads that will call; where there are fewer videos, those left over help with decoding.
    """

    def __init__(self, manifest, clip, probes, quarantine, on_error="quarantine", policy="repeat_last", workers=1):
        if on_error not in ON_ERROR:
            raise ValueError(f"`on_error` must be one of {', '.join(map(repr, ON_ERROR))}. Received: {on_error!r}.")
        self.manifest, self.clip, self.probes, self.quarantine = manifest, clip, probes, quarantine
        self.on_error, self.policy = on_error, policy
        self.threads = max(1, workers // max(len(manifest.entries), 1))
        self.failure = None  # what stopped the reading, if anything did
        self._bad = {}  # position in the manifest: reason
        self._said = 0

    def extent(self, index, held=None):
        """(info, first, last): what probing says of a video, and the half-open range of frames its entry covers.

        `held` is the video as `sources.hold` gives it, for those who then read it.
        """
        entry = self.manifest.entries[index]
        info = self.probes.info(entry.path, entry.num_frames is not None, held)
        return info, *extent(entry, info)

    def random_clips(self, index, key, count=1, window=None, whole=False):
        """`count` random clips of one video, decoded in one pass: uint8 (count, frames, height, width, channels).

        Args:
            index: int. Position in the manifest.
            key: int. All randomness comes from it.
            window: None for the centre crop, or a function (height, width, key) -> (top, left, height, width) in pixels
                of the source; the clips of a video share what it returns.
            whole: bool. Keep the whole resized picture instead of a crop.
        """
        entry, clip = self.manifest.entries[index], self.clip
        held = self._held(entry)
        info, first, last = self.extent(index, held)
        numbers = [int(fold_in(key, number) >> np.uint64(1)) for number in range(count)]
        chosen = [clips.random_clip(info, self.clip, number, first, last, self.policy) for number in numbers]
        source, options = self._source(entry, info)
        if whole:
            pictures = source.read_frames(held, np.concatenate(chosen), clip.resized_size, channels=clip.channels,
                                          **options)
            return pictures.reshape(count, clip.frames, *pictures.shape[1:])
        box = None if window is None else lambda height, width: window(height, width, key)
        return source.read_clips(held, chosen, clip, box=box, **options)

    def views(self, index, protocol):
        """All views of a video under a `Protocol`, decoded in one pass: uint8 (views, *clip shape)."""
        entry = self.manifest.entries[index]
        held = self._held(entry)
        info, first, last = self.extent(index, held)
        lists = protocol.indices(info, self.clip, first, last)
        clip = protocol.test_clip(self.clip, len(lists[0]))
        source, options = self._source(entry, info)
        return source.read_clips(held, lists, clip, protocol.crops, **options)

    def epoch_done(self, epoch):
        """Says, when it has changed, how many videos others stand in for; saves."""
        if len(self._bad) != self._said:
            self._said = len(self._bad)
            logging.info("epoch %d: %d of %d videos are quarantined, others stood in for them", epoch, self._said,
                         len(self.manifest.entries))
        self.save()

    def save(self):
        """Writes the quarantine and what was probed, where paths were given for them."""
        self.quarantine.save()
        self.probes.save()

    @staticmethod
    def _held(entry):
        return entry.path if entry.num_frames is not None else sources.hold(entry.path)

    def _source(self, entry, info):
        """What reads the frames of an entry, and what to tell it."""
        if entry.num_frames is not None:
            return frame_folder, {}
        return reading, {"info": info, "threads": self.threads}

    def surely(self, read, index):
        """`read(index)`; what goes wrong is kept as `failure`."""
        try:
            return read(index)
        except VideoError as error:
            self.failure = error
            raise

    def attempt(self, read, index):
        """`read(index)`, or None for a video that is or has just been quarantined; raises with on_error="raise"."""
        if index in self._bad:
            return None
        try:
            return read(index)
        except VideoError as error:
            if self.on_error == "raise" or isinstance(error, UnreachableError):
                self.failure = error
                raise
            self._bad[index] = error.reason
            self.quarantine.add(self.manifest.entries[index].path, error.reason)
            return None

    def attempt_next(self, read, index):
        """`read` of the first video from `index` on, in the manifest's order and around its end, that can be read.

        Which one that is depends on the files alone, not on what has been found out so far, nor by which thread. A
        folder per class keeps a class together, so that the stand-in mostly has the label of what it stands for.

        Returns:
            (what `read` gave, position of the video it is from).
        """
        total = len(self.manifest.entries)
        for candidate in range(index, index + total):
            found = self.attempt(read, candidate % total)
            if found is not None:
                return found, candidate % total
        self.failure = ValueError(self.nothing_usable())
        raise self.failure

    def nothing_usable(self):
        """The text of the error for a data set of which no video can be read."""
        first = [f"'{shown(self.manifest.entries[index].path)}': {reason}"
                 for index, reason in sorted(self._bad.items())[:3]]
        more = f"; and {len(self._bad) - 3} more" if len(self._bad) > 3 else ""
        return (f"Expected at least one video that decodes. None of {len(self.manifest.entries)} does: "
                f"{'; '.join(first)}{more}. `res3d doctor` lists them all.")

    def check(self, workers, every=False):
        """Probes videos, in parallel, until one is good and long enough for a clip; or every one of them.

        Returns:
            positions of those found good.

        Raises:
            ValueError: if no video decodes, or all are shorter than a clip.
        """
        total = len(self.manifest.entries)
        good, longest = [], (0, None)
        enough = False
        with futures.ThreadPoolExecutor(workers) as pool:
            at_once = total if every else workers
            for start in range(0, total, at_once):
                indices = range(start, min(start + at_once, total))
                for index, extent in zip(indices, pool.map(lambda i: self.attempt(self.extent, i), indices)):
                    if extent is None:
                        continue
                    good.append(index)
                    info, first, last = extent
                    longest = max(longest, (last - first, index))
                    enough |= clips.fits(info, self.clip, first, last)
                if enough:
                    break
        if not good:
            raise ValueError(self.nothing_usable())
        if not enough:
            clip = self.clip
            rate = f" at {clip.fps:g} fps" if clip.fps is not None else ""
            raise ValueError(
                f"Expected a video at least as long as a clip of {clip.frames} frames, stride {clip.stride}{rate}: "
                f"{clip.span} frames. The longest of {len(good)} is "
                f"'{shown(self.manifest.entries[longest[1]].path)}' with {longest[0]} frames of its own. Use fewer "
                "frames or a smaller stride.")
        return good
