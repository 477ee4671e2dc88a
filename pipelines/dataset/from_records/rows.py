"""Rows of integers that tell, for each clip, which record to read, which of its frames, and which part of the picture.

All arithmetic of records is here, in NumPy over whole epochs; the graph that reads them only follows orders. The frames
and boxes are those that `pipelines.sample` and `pipelines.augment` would choose for the same video.
"""

import numpy as np

from pipelines.augment.crops import Window
from pipelines.sample import clips
from pipelines.sample.seeds import fold_in

# Columns of a row. The frame numbers follow them.
SHARD, OFFSET, LENGTH, TOP, LEFT, HEIGHT, WIDTH, OUT_HEIGHT, OUT_WIDTH, DOWN, RIGHT = range(11)
COLUMNS = 11
UNREADABLE = -1  # offset of a record that is not to be read


class RecordRows:
    """The rows of a manifest's records for one `ClipSpec`.

    Args:
        entries: `RecordEntry` objects.
        clip: `ClipSpec`.
        policy: what stands for frames past the end of a record, as in `pipelines.sample`.

    Attributes:
        shards: list of str. The files that column SHARD points into.
        sizes: int64 (kinds, 2). The different (height, width) there are.
    """

    def __init__(self, entries, clip, policy="repeat_last"):
        if policy not in clips.POLICIES:
            raise ValueError(f"`policy` must be one of {', '.join(map(repr, clips.POLICIES))}. Received: {policy!r}.")
        self.entries, self.clip, self.policy = entries, clip, policy
        self.shards = sorted({entry.shard for entry in entries})
        number = {shard: position for position, shard in enumerate(self.shards)}
        self.places = np.array([(number[entry.shard], entry.offset, entry.length) for entry in entries], np.int64)
        self.frames = np.array([entry.frames for entry in entries], np.int64)
        self.sizes, kinds = np.unique([(entry.height, entry.width) for entry in entries], axis=0, return_inverse=True)
        self.kinds = kinds.reshape(-1)
        self.scaled = np.array([clip.resized_size(*size) for size in self.sizes.tolist()], np.int64)
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
        starts = numbers % (np.maximum(total - clip.span, 0) + 1)
        ticks = starts[..., None] + np.arange(clip.frames) * clip.stride
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

    def training(self, records, keys, count, window, whole):
        """Rows of random clips; their frames lie inside a box that `window` chooses, or are whole pictures.

        Args:
            records: int64 (n,).
            keys: int64 (n,). All randomness comes from them.
            count: int. Clips of a record.
            window: None for the centre, `clip_box(clip)` or the `box` of a `Window`.
            whole: bool. Whole pictures, scaled as the clip says.
        """
        rows = self._rows(records)
        frames = self.random_clips(records, keys, count).reshape(len(records), -1)
        rows[frames[:, 0] < 0, OFFSET] = UNREADABLE
        size, scaled = self.sizes[self.kinds[records]], self.scaled[self.kinds[records]]
        rows[:, HEIGHT:WIDTH + 1] = size
        rows[:, OUT_HEIGHT:OUT_WIDTH + 1] = scaled
        if not whole and window is None:
            self._centred(rows, size, scaled)
        elif not whole:
            rows[:, TOP:WIDTH + 1] = self._boxes(window, size, keys)
            rows[:, OUT_HEIGHT:OUT_WIDTH + 1] = self.clip.height, self.clip.width
        return np.concatenate([rows, frames], axis=1)

    def centre(self, records, frames):
        """Rows of the centre crop of given frames, int64 (n, frames)."""
        rows = self._rows(records)
        self._centred(rows, self.sizes[self.kinds[records]], self.scaled[self.kinds[records]])
        return np.concatenate([rows, frames], axis=1)

    def resizes(self, window, whole):
        """Whether any picture has to be scaled for `training`."""
        if window is None or whole:
            return bool((self.sizes != self.scaled).any())
        if isinstance(getattr(window, "__self__", None), Window):
            return True
        return any(tuple(window(*size, 0)[2:]) != (self.clip.height, self.clip.width) for size in self.sizes.tolist())

    def _rows(self, records):
        rows = np.zeros((len(records), COLUMNS), np.int64)
        rows[:, [SHARD, OFFSET, LENGTH]] = self.places[records]
        return rows

    def _centred(self, rows, size, scaled):
        """The centre crop: cut while decoding where the picture has its right size already, else when it is scaled."""
        crop = np.array([self.clip.height, self.clip.width])
        corner = (scaled - crop) // 2
        ready = (size == scaled).all(axis=1, keepdims=True)
        rows[:, TOP:LEFT + 1] = np.where(ready, corner, 0)
        rows[:, HEIGHT:WIDTH + 1] = np.where(ready, crop, size)
        rows[:, OUT_HEIGHT:OUT_WIDTH + 1] = np.where(ready, crop, scaled)
        rows[:, DOWN:RIGHT + 1] = np.where(ready, 0, corner)

    def _boxes(self, window, size, keys):
        """(top, left, height, width) of each, int64 (n, 4)."""
        owner = getattr(window, "__self__", None)
        height, width = size.T
        if isinstance(owner, Window):
            draws = [(fold_in(keys, number) >> np.uint64(11)).astype(np.float64) / 2**53 for number in range(4)]
            box = owner.place(height.astype(float), width.astype(float), draws, np)
            top, left, rows, columns = (np.broadcast_to(edge, height.shape).astype(np.int64) for edge in box)
            rows, columns = np.maximum(rows, 1), np.maximum(columns, 1)
            return np.stack([np.minimum(top, height - rows), np.minimum(left, width - columns), rows, columns], axis=1)
        rows, columns = np.array([window(*kind, 0)[2:] for kind in self.sizes.tolist()], np.int64)[
            self._kinds_of(size)].T
        top, left = ((fold_in(keys, number) % (free + 1).astype(np.uint64)).astype(np.int64)
                     for number, free in ((2, height - rows), (3, width - columns)))
        return np.stack([top, left, rows, columns], axis=1)

    def _kinds_of(self, size):
        lookup = {tuple(kind): position for position, kind in enumerate(self.sizes.tolist())}
        return [lookup[tuple(each)] for each in size.tolist()]
