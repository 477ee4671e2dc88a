"""The estimate of `res3d models --memory` beside what processes really take: memory of a training step by batch.

    PYTHONPATH=. python benchmarks/memory.py [--networks slow_r50 r3d_18] [--frames=8] [--size=64] [--batches 4 8]

A step of each batch runs in a process of its own (`benchmarks/recompute.py`); a clip takes what the two peaks differ
by, over the clips that the batches differ by. Weights and what TensorFlow holds anyway fall out of that.
"""

import argparse
import json
import pathlib
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--networks", nargs="+", default=["slow_r50", "r3d_18"])
    parser.add_argument("--batches", nargs=2, type=int, default=[4, 8])
    for name, number in (("frames", 8), ("size", 64)):
        parser.add_argument(f"--{name}", type=int, default=number)
    args = parser.parse_args()
    print(f"{'network':16}{'estimate MB a clip':>20}{'measured MB a clip':>20}   {args.frames}x{args.size}x{args.size}")
    for network in args.networks:
        few, many = (peak(network, batch, args) for batch in args.batches)
        measured = (many - few) / (args.batches[1] - args.batches[0])
        print(f"{network:16}{estimate(network, args):20.1f}{measured:20.1f}", flush=True)


def estimate(network, args):
    """Megabytes (2**20) of a clip in training."""
    from res3d.geometry import ClipSpec
    from res3d.networks.memory import clip_memory
    from res3d.networks.network import build

    clip = ClipSpec(frames=args.frames, height=args.size, width=args.size, resize=args.size)
    return clip_memory(build(network, 10, clip))[0] / 2**20


def peak(network, batch, args):
    """Megabytes of two steps over what the process held before them."""
    script = pathlib.Path(__file__).with_name("recompute.py")
    done = subprocess.run(
        [sys.executable, script, f"--network={network}", f"--batch={batch}", f"--frames={args.frames}",
         f"--size={args.size}", "--steps=2", "--recompute=false"], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])["megabytes"]


if __name__ == "__main__":
    main()
