"""How many planted copies and overlaps the leak check finds, and how many pairs it calls alike that are not.

    python benchmarks/leaks.py --scenes=150
    python benchmarks/leaks.py --scenes=150 --more=1000 --clips ../shared/actions/*/clips.csv

Each generated scene is ten seconds long: a textured place, still or panned over, in which some things move. It is
planted five times, each time as another file: encoded anew and scaled; in a wider picture with black bars; mirrored;
at half speed; and as two pieces that share five seconds or more, which begin at odd times and differ in size and rate.
Where the camera is still, a second take, in which the same things move otherwise, must not be called the same moments;
two pans over one place may well be. Pairs of different scenes, and, with --clips, of different groups of real videos,
must not be called alike.

Prints how many of each plant are found, how many pairs of different scenes and groups there are, and which of them are
called the same moments or the same background.
"""

import argparse
import collections
import csv
import itertools
import pathlib
import tempfile
import time

import numpy as np

from pipelines.leaks import signature
from pipelines.leaks.matching import SAME_MOMENTS, find_alike
from pipelines.video import reading, writer
from pipelines.video.opencv import resize_image

HEIGHT, WIDTH, RATE, SECONDS = 120, 160, 25.0, 10.0
MARGIN = 24  # pixels around the picture that a pan may show


def scene(seed, take=0, seconds=SECONDS, every=1):
    """Frames of a place that `seed` decides, with things that move as `seed` and `take` decide; by `every`; uint8."""
    place, moves = np.random.default_rng(seed), np.random.default_rng([seed, take])
    ground = texture(place, HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
    things = [(place.uniform(0.06, 0.16) * WIDTH, place.uniform(0, 255, 3)) for _ in range(place.integers(1, 4))]
    pan = moves.uniform(-1, 1, 2) * MARGIN * (place.random() < 0.4)
    paths = [(moves.uniform(0, 1, 2), moves.uniform(-0.4, 0.4, 2), moves.uniform(0.1, 0.7, 2)) for _ in things]
    phase = moves.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for step in range(0, round(seconds * RATE), every):
        now = step / RATE
        top, left = np.round(MARGIN + pan * np.sin(now / 2 + phase)).astype(int)
        frame = ground[top:top + HEIGHT, left:left + WIDTH].copy()
        for (size, color), (start, speed, beat) in zip(things, paths):
            y, x = ((start + speed * now / 2 + 0.15 * np.sin(6.28 * beat * now)) % 1) * (HEIGHT, WIDTH)
            frame[np.hypot(rows - y, columns - x) < size] = color
        yield frame.clip(0, 255).astype("uint8")


def texture(rng, height, width):
    """A smooth pattern of several sizes, float (height, width, 3)."""
    total = np.zeros((height, width, 3), "float32")
    for cells, strength in ((3, 90), (8, 50), (24, 25)):
        grid = rng.uniform(-1, 1, (cells, cells, 3)).astype("float32")
        total += strength * resize_image(grid, (height, width), "bicubic")
    return total + rng.uniform(70, 180)


def planted(folder, seed):
    """Writes the files of a scene; {plant: (path, path)} of those that show the same moments, or must not."""
    frames = list(scene(seed))
    rng = np.random.default_rng([seed, 99])

    def write(name, pictures, size=None, rate=RATE, codec="mp4v"):
        path = str(folder / f"{seed}_{name}")
        sized = pictures if size is None else [resize_image(one, size, "area") for one in pictures]
        writer.write_video(path, sized, rate, codec)
        return path

    whole = write("whole.avi", frames, codec="XVID")
    first = int(rng.uniform(0, 2) * RATE)
    length = int(rng.uniform(5, 8) * RATE)
    early, late = frames[:first + length], frames[first::2]  # of half the rate
    corners = {tuple(frame[0, 0]) for frame in frames[::24]}
    again = {"second take": (whole, write("take.mp4", list(scene(seed, take=1))))} if len(corners) == 1 else {}
    tall = np.pad(np.zeros((1, 1, 3), "uint8"), ((0, 19), (0, WIDTH - 1), (0, 0)))
    return {
        "encoded": (whole, write("encoded.mp4", frames, (90, 120))),
        "bars": (whole, write("bars.mp4", [np.concatenate([tall, one, tall]) for one in frames])),
        "mirrored": (whole, write("mirrored.mp4", [one[:, ::-1] for one in frames], (144, 192))),
        "half speed": (whole, write("slow.avi", frames, rate=RATE / 2, codec="MJPG")),
        "overlap": (write("early.avi", early, (60, 80), codec="MJPG"), write("late.mp4", late, (180, 240), RATE / 2)),
    } | again


def glance(seed, every=6):
    """The `Signature` of a scene of four seconds that is on no disk."""
    frames = np.stack([resize_image(frame.mean(axis=2).astype("uint8"), (96, 108), "area")
                       for frame in scene(seed, seconds=4, every=every)])
    return signature.Signature((np.arange(len(frames)) * every / RATE).astype("float32"), signature.small(frames))


def look(path):
    return signature.look_at(path, reading.probe(path))


def plants(count, folder):
    """({plant: [found, of]}, signatures of one file a scene)."""
    tally, ones = collections.defaultdict(lambda: [0, 0]), []
    for seed in range(count):
        seen: dict = {}
        for name, pair in planted(folder, seed).items():
            signatures = [seen.setdefault(path, look(path)) for path in pair]
            alike, _ = find_alike(signatures, ["a", "b"])
            tally[name][0] += any(one.kind == SAME_MOMENTS for one in alike)
            tally[name][1] += 1
        ones.append(next(iter(seen.values())))
        for path in seen:
            pathlib.Path(path).unlink()
    return tally, ones


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=150, help="generated scenes with all plants (default: 150)")
    parser.add_argument("--more", type=int, default=0, help="further scenes, for pairs that are not alike")
    parser.add_argument("--clips", nargs="*", default=[], help="CSV files with the columns path and group")
    args = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally, signatures = plants(args.scenes, pathlib.Path(folder))
    signatures += [glance(seed) for seed in range(args.scenes, args.scenes + args.more)]
    for name, (found, of) in tally.items():
        print(f"{name}: {found} of {of} found" + (", which must be none" if name == "second take" else ""))
    names, sides = [f"scene {i}" for i in range(len(signatures))], [f"scene {i}" for i in range(len(signatures))]
    for table in args.clips:
        with open(table, encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = str(pathlib.Path(table).parent / row["path"])
                signatures.append(look(path))
                names.append(path)
                sides.append(f"{table} {row['group']}")
    compared = time.monotonic()
    alike, left = find_alike(signatures, sides)
    sizes = collections.Counter(sides).values()
    pairs = (sum(sizes) ** 2 - sum(size ** 2 for size in sizes)) // 2
    print(f"{len(names)} videos, {pairs} pairs of different scenes or groups, {left} not looked at closely")
    for kind, found in itertools.groupby(sorted(alike, key=lambda one: one.kind), key=lambda one: one.kind):
        rows = list(found)
        print(f"{kind}: {len(rows)}")
        for one in rows[:10]:
            print(f"  {names[one.first]} = {names[one.second]}")
    print(f"{compared - started:.0f} s to write and look, {time.monotonic() - compared:.0f} s to compare")


if __name__ == "__main__":
    main()
