"""A video to records: decoded once, its frames scaled and written as JPEGs while it decodes."""

import contextlib
import os

from pipelines.records.record import Record
from pipelines.sample import clips
from pipelines.sample.extents import extent
from pipelines.video import frame_folder, opencv, sources, walk
from pipelines.video.info import VideoError, VideoInfo, frame_clock
from res3d.geometry import ClipSpec

MAX_RECORD_BYTES = 2**30  # protocol buffers end at 2 GiB


def clip_records(entry, name, labels, options, probes=None, spool=None):
    """The records of an entry, each with what the index has to know of it.

    Args:
        entry: `Entry`.
        name: str. What the records call the video.
        labels: list of str. All label names.
        options: `PrepareOptions` of `pipelines.prepare`.
        probes: `Probes`, where many parts of the same recording are asked for, so that it is not decoded for each; or
            None.
        spool: open file for the frames of a long video until they are written, or None for memory.

    Returns:
        iterator of (`Record`, dict of index columns); whatever can be wrong with the video is raised before.

    Raises:
        VideoError: for a video that cannot be used.
    """
    encode = _Encoder(options, spool)
    if entry.num_frames is not None:
        info, first, last, jpegs = _from_folder(entry, options, encode)
    elif probes is not None:
        info, first, last, jpegs = _from_recording(entry, options, probes, encode)
    else:
        info, first, last, jpegs = _from_video(entry, options, encode)
    wanted = _wanted(options, info, first, last)
    count = -(-len(wanted) // (options.frames_per_record or len(wanted)))
    cut = count > 1 or entry.start is not None or entry.end is not None
    parts = [wanted[len(wanted) * part // count:len(wanted) * (part + 1) // count] for part in range(count)]
    for numbers in parts:
        if sum(jpegs[number].length for number in numbers) > MAX_RECORD_BYTES:
            raise VideoError(entry.path, f"its {len(numbers)} frames make a record of more than {MAX_RECORD_BYTES} "
                                         "bytes; pass --frames_per_record")
    piece = _piece(entry, name, labels, options, info, jpegs, cut)
    return map(piece, parts, [*(part[0] for part in parts[1:]), last])


def _piece(entry, name, labels, options, info, jpegs, cut):
    """A function of the numbers of a record's frames, and that of the first after them."""
    steady = options.fps is not None or info.steady

    def piece(numbers, after):
        end = info.times_us[after] if after < info.num_frames else round(info.duration_seconds * 1e6)
        height, width = jpegs[numbers[0]].size
        times = [int(info.times_us[number]) for number in numbers]
        record = Record(tuple(jpegs[number].data for number in numbers), entry.labels,
                        tuple(labels[i] for i in entry.labels), name, times[0], int(end), options.fps or info.fps,
                        height, width, tuple(times))
        return record, {
            "start": times[0] / 1e6 if cut else None, "end": int(end) / 1e6 if cut else None, "frames": len(numbers),
            "fps": options.fps or info.fps, "height": height, "width": width,
            "times_us": None if steady else [time - times[0] for time in times]}

    return piece


class _Jpeg:
    """An encoded frame: its bytes in memory, or where in an open file they are."""

    __slots__ = ("_data", "_file", "_offset", "length", "size")

    def __init__(self, data, size, file=None):
        self.size, self.length, self._file, self._data = size, len(data), file, data
        if file is not None:
            self._offset, self._data = file.tell(), None
            file.write(data)

    @property
    def data(self):
        if self._file is None:
            return self._data
        self._file.flush()
        return os.pread(self._file.fileno(), self.length, self._offset)


class _Encoder:
    """Scales pictures, blue first, to the short side, all as the first one, and makes JPEGs of them.

    Those of spans are scaled as the network sees them. A `spool` is overwritten.
    """

    def __init__(self, options, spool=None):
        self.options, self.size, self.file = options, None, spool
        if spool is not None:
            spool.seek(0)
            spool.truncate()

    def __call__(self, picture):
        height, width = picture.shape[:2]
        if self.size is None:
            self.size = self._size(height, width)
        quality = None if self.options.lossless else self.options.quality
        return _Jpeg(opencv.encoded(picture, self.size, quality), self.size, self.file)

    def _size(self, height, width):
        if self.options.task == "spans":
            return self.options.clip.resized_size(height, width)
        side = min(self.options.short_side, height, width)
        return ClipSpec(height=1, width=1, resize=side).resized_size(height, width)


def _wanted(options, info, first, last):
    """Numbers of the frames that are kept, in order; of a slow video some more than once."""
    if options.task == "spans":
        return list(clips.stream(info, options.clip, first, last)[::options.clip.stride])
    return list(clips.stream(info, ClipSpec(fps=options.fps), first, last))


def _from_video(entry, options, encode):
    """(info, first, last, {frame: JPEG}); a frame that was wrongly thought not to be wanted costs a second pass."""
    source = sources.hold(entry.path)
    guess, jpegs, times_ms = _Guess(entry, options), {}, []
    with opencv.Decoder(source) as decoder:
        guess.claimed_fps = claimed = decoder.claimed_fps
        frame = None
        while decoder.grab():
            times_ms.append(decoder.time_ms)
            if guess.wants(times_ms):
                frame = decoder.retrieve(frame)
                jpegs[decoder.index] = encode(frame)
        if not times_ms:
            raise decoder.no_frames()
    times_us, fps, steady, trusted = frame_clock(times_ms, claimed)
    info = VideoInfo(path=entry.path, container="", codec="", width=0, height=0, num_frames=len(times_ms), fps=fps,
                     times_us=times_us, steady=steady, times_trusted=trusted)
    first, last = extent(entry, info)
    late = set(_wanted(options, info, first, last)) - jpegs.keys()
    if late:
        with opencv.Decoder(source) as decoder:
            while decoder.index < max(late) and decoder.grab():
                if decoder.index in late:
                    jpegs[decoder.index] = encode(decoder.retrieve())
    return info, first, last, jpegs


def _from_recording(entry, options, probes, encode):
    """As `_from_video`, of one that has been probed."""
    source = sources.hold(entry.path)
    info = probes.info(entry.path, source=source)
    first, last = extent(entry, info)
    wanted = sorted(set(_wanted(options, info, first, last)))
    with opencv.Decoder(source) as decoder, contextlib.suppress(walk.MovedError):
        jpegs = {number: encode(picture) for number, picture in walk.pictures(decoder, wanted, info)}
        if len(jpegs) == len(wanted):
            return info, first, last, jpegs
    raise VideoError(entry.path, "it has changed since another part of it was read")


class _Guess:
    """Which frames will be wanted, judged while decoding by the header's rate, before the true one is known."""

    def __init__(self, entry, options):
        self.entry, self.fps, self.claimed_fps = entry, options.fps, None
        self.first, self.tick = None, 0

    def wants(self, times_ms):
        seconds = (times_ms[-1] - times_ms[0]) / 1e3
        if self.entry.start is not None and seconds < self.entry.start - 1e-6:
            return False
        if self.entry.end is not None and seconds >= self.entry.end:
            return False
        if self.fps is None or self.claimed_fps is None:
            return True
        index = len(times_ms) - 1
        self.first = index if self.first is None else self.first
        step = clips.rate(self.claimed_fps) / clips.rate(self.fps)
        while (nearest := self._nearest(step)) < index - self.first:
            self.tick += 1
        return nearest == index - self.first

    def _nearest(self, step):
        return (2 * self.tick * step.numerator + step.denominator) // (2 * step.denominator)


def _from_folder(entry, options, encode):
    info = frame_folder.probe(entry.path)
    paths = frame_folder.frame_paths(entry.path)
    first, last = extent(entry, info)
    wanted = sorted(set(_wanted(options, info, first, last)))
    return info, first, last, {i: encode(opencv.to_rgb(opencv.decode_image(paths[i]))) for i in wanted}
