"""What `model.recompute_blocks` saves and costs: peak memory and time of a training step, with it and without.

    PYTHONPATH=. python benchmarks/recompute.py [--network=r3d_18] [--batch=8] [--frames=16] [--size=56] [--steps=3]

Each line is a process of its own. `step MB` is the peak of its memory over what it holds before the first step, weights
and TensorFlow itself included in the latter; `seconds` is of the quickest step.
"""

import argparse
import json
import resource
import subprocess
import sys
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--network", default="r3d_18")
    for name, number in (("batch", 8), ("frames", 16), ("size", 56), ("steps", 3)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--recompute", choices=("false", "true"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.recompute is not None:
        print(json.dumps(measured(args)))
        return
    print(f"{args.network}, {args.batch} clips of {args.frames}x{args.size}x{args.size}, float32")
    print(f"{'recompute_blocks':18}{'step MB':>9}{'seconds':>9}{'core seconds':>14}{'loss':>9}")
    for choice in ("false", "true"):
        done = subprocess.run([sys.executable, __file__, *sys.argv[1:], f"--recompute={choice}"], check=True,
                              stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        print(f"{choice:18}{found['megabytes']:9.0f}{found['seconds']:9.2f}{found['core_seconds']:14.2f}"
              f"{found['loss']:9.4f}", flush=True)


def measured(args):
    """Peak memory and time of steps, and the loss after them, which must not depend on the choice."""
    import keras
    import numpy as np

    from res3d.blocks.recomputed import recompute_blocks
    from res3d.geometry import ClipSpec
    from res3d.networks.network import build

    keras.utils.set_random_seed(0)
    clip = ClipSpec(frames=args.frames, height=args.size, width=args.size, resize=args.size)
    model = build(args.network, 10, clip)
    recompute_blocks(model, args.recompute == "true")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    clips = np.random.default_rng(0).integers(0, 256, (args.batch, *clip.shape), "uint8")
    labels = np.arange(args.batch, dtype="int32") % 10
    before, times = peak(), []
    for _ in range(args.steps):
        started = time.monotonic(), time.process_time()
        loss = model.train_on_batch(clips, labels)
        times.append((time.monotonic() - started[0], time.process_time() - started[1]))
    wall, cores = min(times)
    return {"megabytes": peak() - before, "seconds": wall, "core_seconds": cores, "loss": float(loss)}


def peak():
    """Megabytes that the process has held at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
