"""Times reading clips here against decord, PyAV and torchcodec: the same frames of the same files, one thread each.

    python -m venv .venv-peers && .venv-peers/bin/pip install opencv-python-headless==5.0.0.93 decord==0.6.0 av \\
        torch==2.13.0 torchcodec==0.13.0
    PYTHONPATH=. .venv-peers/bin/python benchmarks/decode.py VIDEO_OR_FOLDER...

Peers that do not load are left out, with the reason. torchcodec brings no FFmpeg of its own and takes the system's
(Debian: `apt-get install libavdevice59 libavfilter8`); `exact` and `approx` are its seek modes: the first reads the
whole file's index before it seeks, the other trusts the header's rate. Rounds are interleaved, so that a slow moment of
the machine falls on all, and the median of each is taken. `floor` is FFmpeg's own decoding of the same frames through
PyAV, nothing converted; `jumps` is this reader with `VideoInfo.jumps`, found beforehand; `clip112` also scales and
crops. A `*` marks a peer that gives other pictures than a plain decode has at those places, and is left out of the
ratio. decord numbers frames that an edit list hides: what it takes for the same pictures by numbers of its own is
printed below.
"""

import argparse
import os
import pathlib
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipelines.sample import clips
from pipelines.video import jumps, opencv, reading
from res3d.geometry import ClipSpec

try:
    import av
except ImportError:
    av = None
try:
    import decord
except ImportError:
    decord = None
try:
    import torch
    from torchcodec import decoders as torchcodec
    torch.set_num_threads(1)  # it converts colours in torch's own threads
    NO_TORCHCODEC = ""
except (ImportError, OSError, RuntimeError) as error:  # without FFmpeg it raises the last, with many lines
    torchcodec, NO_TORCHCODEC = None, " ".join(str(error).split())[:200]

FRAMES, STRIDE, START = 16, 2, 100
CLIP = ClipSpec(frames=FRAMES, stride=STRIDE, height=112, width=112)
VIDEOS = (".mp4", ".avi", ".mkv", ".webm", ".mpg", ".mov", ".ts", ".gif", ".flv", ".wmv", ".3gp")


def pyav_frames(path, wanted, convert=True):
    """The frames of `wanted` by PyAV, one thread; decoded only, if not to be converted."""
    numbers, out = set(wanted), []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if convert and number in numbers:
                out.append(frame.to_ndarray(format="rgb24"))
            if number >= wanted[-1]:
                break
    return np.stack(out) if convert else None


def decord_frames(path, wanted):
    """The frames of `wanted`, by its own numbers, by decord, one thread."""
    return decord.VideoReader(path, num_threads=1).get_batch(wanted).asnumpy()


def torchcodec_frames(path, wanted, mode):
    """The frames of `wanted` by torchcodec, one thread; `mode` is how it seeks: "exact" or "approximate"."""
    reader = torchcodec.VideoDecoder(path, num_ffmpeg_threads=1, seek_mode=mode, dimension_order="NHWC")
    return reader.get_frames_at(list(wanted)).data.numpy()


def torchcodec_readers(path, wanted):
    """{name: reader} of its two modes, those that can read the file."""
    readers = {}
    for name, mode in (("exact", "exact"), ("approx", "approximate")) if torchcodec else ():
        try:
            torchcodec_frames(path, wanted, mode)
        except (RuntimeError, IndexError, ValueError):  # it can fail on a file as well as on a place
            continue
        readers[name] = lambda mode=mode: torchcodec_frames(path, wanted, mode)
    return readers


def decord_shift(path, wanted, info):
    """How far decord's numbers are from the places in a plain decode; None where it cannot read the file."""
    try:
        first = opencv.resize_image(decord_frames(path, wanted[:1])[0], (36, 64)).astype(np.int16)
    except (RuntimeError, IndexError, decord.DECORDError):
        return None
    everything = reading.read_frames(path, range(info.num_frames), (36, 64)).astype(np.int16)
    return wanted[0] - int(np.abs(everything - first).mean((1, 2, 3)).argmin())


def medians(functions, repeats, clock):
    """{name: median seconds} of each function, called in turn `repeats` times."""
    times = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            began = clock()
            function()
            times[name].append(clock() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def one_file(path, repeats, clock):
    """(row of times in seconds, {reader: whether it returned the same frames}) for one video."""
    info = jumps.with_jumps(path)
    start = max(0, min(START, info.num_frames - CLIP.span))
    wanted = clips.clip_indices(start, FRAMES, STRIDE, info.num_frames)
    truth = reading.read_frames(path, wanted)
    readers = {"here": lambda: reading.read_frames(path, wanted),
               "jumps": lambda: reading.read_frames(path, wanted, info=info)}
    if av is not None:
        readers["pyav"] = lambda: pyav_frames(path, wanted)
        readers["floor"] = lambda: pyav_frames(path, wanted, convert=False)
    readers |= torchcodec_readers(path, wanted)
    shift = decord_shift(path, wanted, info) if decord is not None else None
    if shift is not None:
        readers["decord"] = lambda: decord_frames(path, wanted)
    if shift:
        readers["shifted"] = lambda: decord_frames(path, [number + shift for number in wanted])
    same = {}
    for name, read in readers.items():
        frames = truth if name == "floor" else read()
        same[name] = frames.shape == truth.shape and np.abs(frames.astype(np.int16) - truth).mean() < 1.5
    readers["clip"] = lambda: reading.read_clip(path, wanted, CLIP)
    return medians(readers, repeats, clock), same


def compare(paths, repeats, clock):
    """Prints a row a file, and on how many this reader is the fastest."""
    print(f"{FRAMES} frames, stride {STRIDE}, from frame {START} where there are so many; milliseconds, one thread")
    heads = ("here", "jumps", "clip112", "decord", "PyAV", "exact", "approx", "floor", "/ peer", "/ floor")
    if NO_TORCHCODEC:
        print(f"torchcodec is left out: {NO_TORCHCODEC}")
    print(f"{'file':<38}" + "".join(f"{head:>8}" for head in heads))
    wins = []
    for path in paths:
        took, same = one_file(path, repeats, clock)
        peers = [took[name] for name in ("pyav", "decord", "exact", "approx") if same.get(name)]
        ratio = min(took["here"], took["jumps"]) / min(peers, default=float("nan"))
        wins.append(ratio <= 1.0)
        cells = [f"{took[name] * 1e3:.1f}{'' if same.get(name, True) else '*'}" if name in took else "-"
                 for name in ("here", "jumps", "clip", "decord", "pyav", "exact", "approx", "floor")]
        cells += [f"{ratio:.2f}", f"{took['here'] / took.get('floor', float('nan')):.2f}"]
        print(f"{os.path.basename(path)[-37:]:<38}" + "".join(f"{cell:>8}" for cell in cells), flush=True)
        if "shifted" in took:
            print(f"{'':<38}decord by its own numbers: {took['shifted'] * 1e3:.1f}{'' if same['shifted'] else '*'}")
    print(f"at least as fast as the best peer on {sum(wins)} of {len(wins)} files")


def ten_clips(paths, repeats, clock):
    """Prints what ten evaluation clips of a video cost beside one sequential pass over it."""
    print("\nten clips in one pass; ratio to a pass that reads every frame at that size, and to decoding alone")
    for path in paths:
        took = medians(_passes(path), repeats, clock)
        print(f"{os.path.basename(path)[-37:]:<38}{took['ten'] * 1e3:8.1f} ms{took['ten'] / took['pass']:8.2f}"
              f"{took['ten'] / took['decode']:8.2f}", flush=True)


def _passes(path):
    info = reading.probe(path)
    lists = clips.uniform_clips(info, CLIP, 10)
    return {"ten": lambda: reading.read_clips(path, lists, CLIP),
            "pass": lambda: reading.read_frames(path, range(info.num_frames), CLIP.resized_size),
            "decode": lambda: reading.probe(path)}


def workers(paths, seconds):
    """Prints clips a second by one thread and by two, from files and from memory."""
    held = {path: pathlib.Path(path).read_bytes() for path in paths}
    infos = {path: reading.probe(path) for path in paths}
    lists = {path: clips.centre_clip(info, CLIP) for path, info in infos.items()}
    print("\nclips a second, one worker and two, the same clips in the same order")
    for kind, sources in (("path", {path: path for path in paths}), ("memory", held)):
        def read(path, sources=sources):
            reading.read_clip(sources[path], lists[path], CLIP)

        began = time.perf_counter()
        list(map(read, paths))
        work = paths * max(1, round(seconds / (time.perf_counter() - began)))
        took = {1: [], 2: []}
        for count in (1, 2, 2, 1, 1, 2):  # interleaved
            began = time.perf_counter()
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(read, work))
            took[count].append(time.perf_counter() - began)
        one, two = (len(work) / statistics.median(took[count]) for count in (1, 2))
        print(f"{kind:<8}{one:8.1f}{two:8.1f}   ratio {two / one:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", help="video files, or folders of them")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu counts the time of all threads of a reader, and is fairer on a busy machine")
    parser.add_argument("--seconds", type=float, default=5.0, help="about how long each measurement of a worker takes")
    arguments = parser.parse_args()
    paths = []
    for name in arguments.videos:
        inside = sorted(os.path.join(name, entry) for entry in os.listdir(name)) if os.path.isdir(name) else [name]
        paths += [path for path in inside if path.lower().endswith(VIDEOS)]
    clock = time.process_time if arguments.clock == "cpu" else time.perf_counter
    compare(paths, arguments.repeats, clock)
    ten_clips(paths, max(3, arguments.repeats // 3), clock)
    workers(paths, arguments.seconds)


if __name__ == "__main__":
    main()
