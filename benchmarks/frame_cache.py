"""What training clips cost with and without decoded frames kept, beside what a small network takes of them.

    PYTHONPATH=. python benchmarks/frame_cache.py VIDEOS [--split=train] [--most=64] [--gray]

VIDEOS is whatever `res3d train --data` takes. Of `most` videos, probed before, one epoch is read, which fills the
caches, then `epochs` more. `step` is `train_on_batch` of `plain3d_5` that sees motion, in bfloat16. CPU milliseconds of
all threads are what compares on a machine that others use, too.
"""

import argparse
import os
import shutil
import tempfile
import time

import keras
import numpy as np

from pipelines.augment import chain, random_warp
from pipelines.bench.rates import some_of
from pipelines.dataset.targets import labelled
from pipelines.dataset.training import training_clips
from pipelines.manifest import read_manifest
from pipelines.video.frame_cache import FrameCache
from res3d import build
from res3d.geometry import ClipSpec


def costs(work, times):
    """(clips a second, CPU milliseconds a clip) of `work()`, which returns how many it did, called `times` times."""
    wall, busy = time.perf_counter(), time.process_time()
    count = sum(work() for _ in range(times))
    return count / (time.perf_counter() - wall), 1000 * (time.process_time() - busy) / count


def clip_costs(manifest, clip, batch_size, epochs, cache, probes):
    """`costs` of the first epoch, and of those after it."""
    train = training_clips(manifest, clip, batch_size, augment=chain(random_warp(clip.height, clip.width)), cache=cache,
                           probe_cache=probes)
    train.source.check(2, every=True)
    train.source.save()

    def epoch():
        return sum(len(labels) for _, labels in train)

    return costs(epoch, 1), costs(epoch, epochs)


def step_costs(clip, classes, batch_size, steps):
    """`costs` of training steps of a small network."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = build("plain3d_5", classes, clip, motion=["difference", "background"])
    network.compile(keras.optimizers.SGD(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    clips = np.random.default_rng(0).integers(0, 256, (batch_size, *clip.shape), np.uint8)

    def step():
        network.train_on_batch(clips, np.zeros(batch_size, np.int32))
        return batch_size

    step()
    return costs(step, steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos")
    parser.add_argument("--split")
    parser.add_argument("--most", type=int, default=64)
    parser.add_argument("--folder")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--gray", action="store_true")
    flags = parser.parse_args()
    clip = ClipSpec(frames=32, height=60, width=80, resize=(60, 80), channels=1 if flags.gray else 3,
                    sampling="segments")
    manifest = some_of(labelled(read_manifest(flags.videos, split=flags.split)), flags.most)
    folder = tempfile.mkdtemp(prefix="frames", dir=flags.folder)
    print(f"{len(manifest)} videos, clips of {'x'.join(map(str, clip.shape))}, batches of {flags.batch}")
    print(f"{'frames':<10} {'first epoch':>24} {'later epochs':>24}")
    try:
        for name, cache in (("decoded", None), ("memory", FrameCache("memory")), ("disk", FrameCache("disk", folder))):
            rates = clip_costs(manifest, clip, flags.batch, flags.epochs, cache, os.path.join(folder, "probes"))
            print(f"{name:<10} " + " ".join(f"{rate:>7.1f} clips/s {busy:>5.0f} ms" for rate, busy in rates))
    finally:
        shutil.rmtree(folder)
    rate, busy = step_costs(clip, max(manifest.num_classes, 2), flags.batch, 4 * flags.epochs)
    print(f"{'step':<10} {'':>24} {rate:>7.1f} clips/s {busy:>5.0f} ms")


if __name__ == "__main__":
    main()
