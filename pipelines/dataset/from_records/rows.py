"""Rows of integers that tell, for each clip, which record to read, which of its frames, and which part of the picture.

All arithmetic of records is here, in NumPy over whole epochs; the graph that reads them only follows orders. The frames
and boxes are those that `pipelines.sample` and `pipelines.augment` would choose for the same video.
"""

import functools

import numpy as np

from pipelines.dataset.columns import Columns
from pipelines.sample import clips, parted
from pipelines.sample.seeds import fold_in

UNREADABLE = -1  # offset of a record that is not to be read


@functools.cache
def columns(num_frames):
    """The `Columns` of a row with so many frame numbers.

    A record lies in file `shard` from byte `offset` on, and has `length` bytes. Of its pictures `frames`, the part
    `box` (top, left, height, width) is decoded and scaled to `size` (height, width); the clip begins at `corner` (top,
    left) of that.
    """
    return Columns("shard", "offset", "length", box=4, size=2, corner=2, frames=num_frames)


PLACE = columns(0)  # of rows without frames; the columns in front of the frames lie alike in all


def named(rows):
    """Plain rows, int64 (n, width) or (width,), with names for their columns."""
    return columns(rows.shape[-1] - PLACE.width).named(rows)


class RecordRows:
    """The rows of a manifest's records for one `ClipSpec`.

    Args:
        entries: `RecordEntry` objects.
        clip: `ClipSpec`.
        policy: what stands for frames past the end of a record, as in `pipelines.sample`.
        temporal_crop: float. As in `pipelines.sample.parted.drawn`.
        strides: (least, greatest) step between the frames of random clips, as in `clips.drawn_stride`; or None.

    Attributes:
        shards: list of str. The files that column `shard` points into.
        sizes: int64 (kinds, 2). The different (height, width) there are.
        uncut, centre_cut: for each of those the columns `box`, `size` and `corner` of whole pictures, scaled as the
            clip says, and of its centre crop.
    """

    def __init__(self, entries, clip, policy="repeat_last", temporal_crop=0.0, strides=None):
        clips.check_policy(policy)
        self.entries, self.clip, self.policy, self.temporal_crop = entries, clip, policy, temporal_crop
        self.strides = strides
        self.shards = sorted({entry.shard for entry in entries})
        number = {shard: position for position, shard in enumerate(self.shards)}
        self.places = np.array([(number[entry.shard], entry.offset, entry.length) for entry in entries], np.int64)
        self.frames = np.array([entry.frames for entry in entries], np.int64)
        self.sizes, kinds = np.unique([(entry.height, entry.width) for entry in entries], axis=0, return_inverse=True)
        self.kinds = kinds.reshape(-1)
        self.uncut, self.centre_cut = self._cuts()
        self.ratios = self._ratios()
        self.lengths = self._lengths()

    def _ratios(self):
        """Frames of a record for one of the clip, as fractions: int64 (records, 2)."""
        if self.clip.fps is None:
            return np.ones((len(self.entries), 2), np.int64)
        unknown = next((entry for entry in self.entries if not entry.fps), None)
        if unknown is not None:
            raise ValueError(f"Expected records that tell their frame rate, as the clip is at {self.clip.fps:g} fps. "
                             f"Received none for '{unknown.path}', {unknown}. Use a clip with fps=None.")
        rates = {entry.fps for entry in self.entries}
        steps = {rate: clips.rate(rate) / clips.rate(self.clip.fps) for rate in rates}
        return np.array([steps[entry.fps].as_integer_ratio() for entry in self.entries], np.int64)

    def _lengths(self):
        """Frames of each record at the clip's rate."""
        step, unit = self.ratios.T
        count = -(-self.frames * unit // step)
        while (late := self._nearest(slice(None), count - 1) >= self.frames).any():
            count = count - late
        for position, entry in enumerate(self.entries):
            if self.clip.fps is not None and not entry.steady:
                count[position] = len(clips.resampled_times(entry.times_us, self.clip.fps))
        return count

    def _nearest(self, records, ticks):
        step, unit = (column.reshape(-1, *[1] * (np.ndim(ticks) - 1)) for column in self.ratios[records].T)
        return (2 * ticks * step + unit) // (2 * unit)

    def of(self, clip):
        """The rows of the same records for another clip."""
        return self if clip == self.clip else RecordRows(self.entries, clip, self.policy, self.temporal_crop)

    @property
    def longest(self):
        """(frames at the clip's rate, position) of the longest record."""
        position = int(self.lengths.argmax())
        return int(self.lengths[position]), position

    def random_clips(self, records, keys, count):
        """Frame numbers of `count` random clips of each record, int64 (records, count, frames); -1 where the record is
        shorter than a clip and that is an error."""
        clip = self.clip
        numbers = (fold_in(np.asarray(keys)[:, None], np.arange(count)) >> np.uint64(1)).astype(np.int64)
        total = self.lengths[records][:, None]
        if clip.in_segments:
            ticks = parted.drawn(total, clip.frames, numbers, self.temporal_crop)
        else:
            stride = clip.stride if self.strides is None else clips.drawn_stride(numbers, self.strides)
            starts = numbers % (np.maximum(total - clips.clip_span(clip.frames, stride), 0) + 1)
            ticks = starts[..., None] + np.arange(clip.frames) * np.expand_dims(stride, -1)
            total = total[..., None]
            ticks = ticks % total if self.policy == "loop" else np.minimum(ticks, total - 1)
        chosen = self._nearest(records, ticks)
        if clip.fps is not None:
            for place, record in enumerate(records):
                if not self.entries[record].steady:
                    times = clips.resampled_times(self.entries[record].times_us, clip.fps)
                    chosen[place] = np.asarray(times)[ticks[place]]
        if self.policy == "error":
            chosen[(self.lengths[records] < clip.span)] = -1
        return chosen

    def training(self, records, keys, count, crop, full_frame):
        """Rows of random clips, structured; their pictures are cut out where `crop` says, or kept whole.

        Args:
            records: int64 (n,).
            keys: int64 (n,). All randomness comes from them.
            count: int. Clips of a record.
            crop: None for the centre, or what chooses boxes, such as a `ClipCrop`.
            full_frame: bool. Whole pictures, scaled as the clip says.
        """
        frames = self.random_clips(records, keys, count).reshape(len(records), -1)
        rows = self._rows(records, frames)
        rows["offset"][frames[:, 0] < 0] = UNREADABLE
        if full_frame:
            self._fill(rows, records, self.uncut)
        elif crop is None:
            self._fill(rows, records, self.centre_cut)
        else:
            rows["box"] = crop.boxes(*self.sizes[self.kinds[records]].T, keys)
            rows["size"] = self.clip.height, self.clip.width
        return rows

    def centre(self, records, frames):
        """Rows of the centre crop of given frames, int64 (n, frames); structured."""
        rows = self._rows(records, frames)
        self._fill(rows, records, self.centre_cut)
        return rows

    def full_frames(self, records):
        """Rows of whole pictures, scaled as the clip says, and without frames: those travel beside them; structured."""
        rows = self._rows(records, np.zeros((len(records), 0), np.int64))
        self._fill(rows, records, self.uncut)
        return rows

    def resizes(self, crop, full_frame):
        """Whether any picture has to be scaled for `training`."""
        if crop is None or full_frame:
            return bool((self.sizes != self.uncut["size"]).any())
        return any(crop.resizes(*size) for size in self.sizes.tolist())

    def _rows(self, records, frames):
        rows = columns(frames.shape[1]).zeros(len(records))
        rows["shard"], rows["offset"], rows["length"] = self.places[records].T
        rows["frames"] = frames
        return rows

    def _fill(self, rows, records, cuts):
        """Sets where pictures lie and how they are scaled: as `uncut` or `centre_cut` say for each size."""
        for name in ("box", "size", "corner"):
            rows[name] = cuts[name][self.kinds[records]]

    def _cuts(self):
        """(uncut, centre_cut); what is to be cut out is cut while decoding where a picture has its right size already,
        else when it is scaled."""
        uncut, centre = PLACE.zeros(len(self.sizes)), PLACE.zeros(len(self.sizes))
        cut = self.clip.cut(*self.sizes.T, xp=np)
        box, size, crop = (np.stack([np.broadcast_to(edge, len(self.sizes)) for edge in edges], axis=1)
                           for edges in (cut.box, cut.size, cut.crop))
        ready = (size == self.sizes).all(axis=1, keepdims=True)
        uncut["box"], uncut["size"] = box, size
        centre["box"], centre["size"] = np.where(ready, crop, box), np.where(ready, crop[:, 2:], size)
        centre["corner"] = np.where(ready, 0, crop[:, :2])
        return uncut, centre
