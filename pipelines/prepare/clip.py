"""A video to records: decoded once, its frames scaled and written as JPEGs while it decodes."""

import contextlib

from pipelines.records.record import Record
from pipelines.sample import clips
from pipelines.sample.extents import extent
from pipelines.video import frame_folder, opencv, sources, walk
from pipelines.video.info import VideoError, VideoInfo, frame_clock
from res3d.geometry import ClipSpec

MAX_RECORD_BYTES = 2**30  # protocol buffers end at 2 GiB


def clip_records(entry, name, labels, options, probes=None):
    """The records of an entry, each with what the index has to know of it.

    Args:
        entry: `Entry`.
        name: str. What the records call the video.
        labels: list of str. All label names.
        options: `PrepareOptions` of `pipelines.prepare`.
        probes: `Probes`, where many parts of the same recording are asked for, so that it is not decoded for each; or
            None.

    Returns:
        list of (`Record`, dict of index columns).

    Raises:
        VideoError: for a video that cannot be used.
    """
    if entry.num_frames is not None:
        info, first, last, jpegs = _from_folder(entry, options)
    elif probes is not None:
        info, first, last, jpegs = _from_recording(entry, options, probes)
    else:
        info, first, last, jpegs = _from_video(entry, options)
    wanted = list(clips.stream(info, _rate(options), first, last))
    count = -(-len(wanted) // (options.frames_per_record or len(wanted)))
    cut = count > 1 or entry.start is not None or entry.end is not None
    found = []
    for part in range(count):
        numbers = wanted[len(wanted) * part // count:len(wanted) * (part + 1) // count]
        after = wanted[len(wanted) * (part + 1) // count] if part + 1 < count else last
        end = info.times_us[after] if after < info.num_frames else round(info.duration_seconds * 1e6)
        data = tuple(jpegs[number].data for number in numbers)
        if sum(map(len, data)) > MAX_RECORD_BYTES:
            raise VideoError(entry.path, f"its {len(data)} frames make a record of more than {MAX_RECORD_BYTES} bytes; "
                                         "pass --frames_per_record")
        height, width = jpegs[numbers[0]].size
        times = [int(info.times_us[number]) for number in numbers]
        record = Record(data, entry.labels, tuple(labels[i] for i in entry.labels), name, times[0], int(end),
                        options.fps or info.fps, height, width, tuple(times))
        steady = options.fps is not None or info.steady
        found.append((record, {
            "start": times[0] / 1e6 if cut else None, "end": int(end) / 1e6 if cut else None, "frames": len(data),
            "fps": options.fps or info.fps, "height": height, "width": width,
            "times_us": None if steady else [time - times[0] for time in times]}))
    return found


class _Jpeg:
    __slots__ = ("data", "size")

    def __init__(self, data, size):
        self.data, self.size = data, size


class _Encoder:
    """Scales pictures, blue first, to the short side, all as the first one, and makes JPEGs of them."""

    def __init__(self, options):
        self.options, self.size = options, None

    def __call__(self, picture):
        height, width = picture.shape[:2]
        if self.size is None:
            side = min(self.options.short_side, height, width)
            self.size = ClipSpec(height=1, width=1, resize=side).resized_size(height, width)
        return _Jpeg(opencv.to_jpeg(picture, self.size, self.options.quality), self.size)


def _rate(options):
    return ClipSpec(fps=options.fps)


def _from_video(entry, options):
    """(info, first, last, {frame: JPEG}); a frame that was wrongly thought not to be wanted costs a second pass."""
    source = sources.hold(entry.path)
    guess, encode, jpegs, times_ms = _Guess(entry, options), _Encoder(options), {}, []
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
    late = set(clips.stream(info, _rate(options), first, last)) - jpegs.keys()
    if late:
        with opencv.Decoder(source) as decoder:
            while decoder.index < max(late) and decoder.grab():
                if decoder.index in late:
                    jpegs[decoder.index] = encode(decoder.retrieve())
    return info, first, last, jpegs


def _from_recording(entry, options, probes):
    """As `_from_video`, of one that has been probed."""
    source = sources.hold(entry.path)
    info = probes.info(entry.path, source=source)
    first, last = extent(entry, info)
    wanted, encode = sorted(set(clips.stream(info, _rate(options), first, last))), _Encoder(options)
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


def _from_folder(entry, options):
    info = frame_folder.probe(entry.path)
    paths = frame_folder.frame_paths(entry.path)
    first, last = extent(entry, info)
    encode = _Encoder(options)
    wanted = sorted(set(clips.stream(info, _rate(options), first, last)))
    return info, first, last, {i: encode(opencv.to_rgb(opencv.decode_image(paths[i]))) for i in wanted}
