"""What folding, bfloat16 and int8 do to an export: size, time to load, time to run, and how far the answers move.

    python benchmarks/export.py [--model=r3d_18] [--frames=16] [--size=112] [--classes=400] [--seconds=20]

Weights are random, with batch norms far from the identity; every form is run by TensorFlow's C++ session.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)  # not this folder, where serving.py is another script

import numpy as np  # noqa: E402

FORMS = {
    "float32, norms kept": {"fold": False},
    "float32, norms folded": {},
    "bfloat16": {"dtype": "bfloat16"},
    "int8 kernels": {"quantize": "int8"},
}


def main():
    """Exports each form, runs it in a process of its own, and prints a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="r3d_18")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--classes", type=int, default=400)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0, help="of runs, for each form")
    parser.add_argument("--only", help="a folder to run; used by the benchmark itself")
    args = parser.parse_args()
    if args.only:
        return run_one(args)
    import res3d

    clip = res3d.ClipSpec(frames=args.frames, stride=2, height=args.size, width=args.size)
    model = make_model(args.model, args.classes, clip)
    print(f"{args.model}, {args.frames} frames {args.size}x{args.size}, batch {args.batch}, {os.cpu_count()} cores, "
          f"{cpu_name()}\n")
    print("| form | MB | load, s | run, ms (p50) | clips/s | largest score change | same top-1 |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, options in FORMS.items():
            print(row(name, options, model, folder, args), flush=True)
    return None


def make_model(name, classes, clip):
    """A network whose norms do something, so that folding and rounding are seen."""
    import keras

    import res3d

    keras.utils.set_random_seed(0)
    model = res3d.build(name, classes, clip)
    random = np.random.default_rng(0)
    for variable in model.variables:
        if variable.path.endswith("moving_variance"):
            variable.assign(random.uniform(0.5, 2, variable.shape))
        elif variable.path.endswith(("moving_mean", "beta")):
            variable.assign(random.uniform(-0.5, 0.5, variable.shape))
    return model


def row(name, options, model, folder, args):
    """One line of the table."""
    import json

    import serving

    path = pathlib.Path(serving.export(model, pathlib.Path(folder, "model"), verified=False, **options))
    megabytes = sum(file.stat().st_size for file in path.rglob("*")) / 1e6
    command = [sys.executable, __file__, f"--only={path}", f"--batch={args.batch}", f"--seconds={args.seconds}"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    load, milliseconds = map(float, printed.split())
    precision = json.loads((path / "assets.extra/model_card.json").read_text(encoding="utf-8"))["precision"]
    change = precision.get("change", {})
    moved = change.get("largest_score_change", precision.get("folding_change", 0))
    return (f"| {name} | {megabytes:.1f} | {load:.2f} | {milliseconds:.1f} | {1000 * args.batch / milliseconds:.2f} | "
            f"{moved:.1e} | {change.get('same_top1', 1):.0%} |")


def run_one(args):
    """Prints seconds to load and the median milliseconds of a run."""
    from serving.session.csession import CSession

    started = time.perf_counter()
    with CSession(args.only) as session:
        shape = session.signatures["serving_default"].inputs["clip"].shape[1:]
        clips = np.random.default_rng(0).integers(0, 256, (args.batch, *shape), np.uint8)
        session.call("serving_default", {"clip": clips})
        loaded = time.perf_counter()
        times = []
        while sum(times) < args.seconds or len(times) < 3:
            begun = time.perf_counter()
            session.call("serving_default", {"clip": clips})
            times.append(time.perf_counter() - begun)
    print(loaded - started, 1000 * statistics.median(times))


def cpu_name():
    """The processor, as the system names it."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    sys.exit(main())
