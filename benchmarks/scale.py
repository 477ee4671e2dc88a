"""What a list of a million videos costs: reading it, and the first batches of training and of evaluation.

    python benchmarks/scale.py --rows=1000000

Every row names one of a few small generated videos, so that the disk has to hold nothing but the list; each is looked
for and opened as if it were another. Each figure is of a process of its own, with its peak memory. Aims: the manifest
in 60 s and 1.5 GB, a first batch 10 s after it.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

VIDEOS, CLASSES, FRAMES = 8, 400, 12


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure is not None:
        print(json.dumps(MEASURES[args.measure](pathlib.Path(args.data))))
        return
    with tempfile.TemporaryDirectory() as folder:
        table = write(pathlib.Path(folder), args.rows)
        print(f"{args.rows:,} rows, {os.path.getsize(table) / 1e6:.0f} MB, {len(os.sched_getaffinity(0))} cores")
        print(f"{'':24}{'seconds':>9}{'of one core':>13}{'peak MB':>9}")
        for name in MEASURES:
            done = subprocess.run([sys.executable, __file__, f"--measure={name}", f"--data={table}"], check=True,
                                  stdout=subprocess.PIPE, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            print(f"{name:24}{found['seconds']:9.1f}{found['core_seconds']:13.1f}{found['megabytes']:9.0f}", flush=True)


def write(folder, rows):
    """A CSV manifest of so many rows, a tenth of them to validate on, and the videos that it names."""
    import numpy as np

    from pipelines.video.writer import write_video

    for number in range(VIDEOS):
        pictures = (np.full((32, 32, 3), 20 * number + frame, np.uint8) for frame in range(FRAMES))
        write_video(folder / f"video{number}.mkv", pictures, 10.0, "FFV1")
    table = folder / "list.csv"
    with open(table, "w", encoding="utf-8") as file:
        file.write("path,label,start,end,split\n")
        file.writelines(f"video{row % VIDEOS}.mkv,class {row % CLASSES},,,{'train' if row % 10 else 'val'}\n"
                        for row in range(rows))
    return table


def manifest(table):
    """The list alone."""
    from pipelines.manifest import read_manifest

    started = timed()
    found = read_manifest(table)
    return {**since(started), "rows": len(found)}


def first_batch(table, make):
    """From a manifest that has been read to a batch in hand."""
    import tensorflow as tf

    from pipelines.manifest import read_manifest
    from res3d.geometry import ClipSpec

    tf.constant(0)  # TensorFlow itself takes a second or two to come up
    found = read_manifest(table)
    started = timed()
    next(iter(make(found, ClipSpec(frames=4, stride=1, height=24, width=24, resize=24))))
    return since(started)


def training(table):
    """The first batch of an epoch."""
    from pipelines import training_clips

    return first_batch(table, lambda found, clip: training_clips(found, clip, 8))


def late_step(table):
    """The batch in the middle of epoch 7, as a run that goes on asks for it."""
    from pipelines import training_clips

    return first_batch(table, lambda found, clip: training_clips(found, clip, 8).at(7, len(found) // 16))


def evaluation(table):
    """The first batch to validate on, of all rows."""
    from pipelines import evaluation_clips

    return first_batch(table, lambda found, clip: evaluation_clips(found, clip, 8))


MEASURES = {"manifest": manifest, "first training batch": training, "step of a later epoch": late_step,
            "first evaluation batch": evaluation}


def timed():
    return time.monotonic(), time.process_time()


def since(started):
    """Wall time, time of cores, and the peak of memory of the whole process so far."""
    wall, cores = started
    return {"seconds": time.monotonic() - wall, "core_seconds": time.process_time() - cores,
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    main()
