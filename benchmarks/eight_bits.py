"""What 8-bit arithmetic costs a trained network: top-1 on clips held out, before and after, in each runtime.

    python benchmarks/eight_bits.py --workdir=RUN --data=DATA
    python benchmarks/eight_bits.py --workdir=RUN --data=DATA --formats onnx --samples=100

`RUN` is a work folder of `res3d train`, `DATA` what it was trained on, with splits: the ranges of numbers come of those
to train on, accuracy of those held out, as `res3d export --quantize=int8` does it. Where a whole quantization loses
more than a point, the worst layers stay in float; they are named with the error that they add. Each line is printed as
it is done; `same` is how often the best label stayed. `MB` are the files' sizes, in float32 and in 8 bits.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
FORMATS = ("openvino", "onnx", "litert")
HEADS = ("clips", "before", "after", "same", "in float", "MB", "minutes")


def megabytes(path):
    """Of a model's file, or of its two."""
    parts = {path, path.with_suffix(".bin")} if path.suffix == ".xml" else {path}
    return sum(part.stat().st_size for part in parts) / 1e6


def measured(args, format, folder):
    """(dict of the change, (MB before, MB after), minutes) of one format."""
    from res3d.workflows.runtimes.export import export_for_runtime

    plain = pathlib.Path(export_for_runtime(args.workdir, None, folder / "float", format=format)[0])
    began = time.monotonic()
    path, report = export_for_runtime(args.workdir, None, folder / "int8", format=format, data=args.data,
                                      samples=args.samples)
    sizes = megabytes(plain), megabytes(pathlib.Path(path))
    return report["change"], sizes, (time.monotonic() - began) / 60


def line(format, change, sizes, minutes):
    """The printed row of one format, and below it the worst layers where they were looked for."""
    cells = (change["clips"], f"{100 * change['top1_before']:.1f}", f"{100 * change['top1_after']:.1f}",
             f"{change['same_top1']:.3f}", len(change["left_in_float"]), f"{sizes[0]:.1f}>{sizes[1]:.1f}",
             f"{minutes:.1f}")
    rows = [f"{format:<10}" + "".join(f"{cell:>11}" for cell in cells)]
    worst = change.get("worst_layers", {})
    kept = change["left_in_float"]
    return "\n".join(rows + [f"    {error:8.4f}  {name[-90:]}{'   in float' if name in kept else ''}"
                             for name, error in worst.items()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workdir", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--samples", type=int, default=300, help="most clips to calibrate on, and most to judge by")
    args = parser.parse_args()
    print(f"{'':10}" + "".join(f"{head:>11}" for head in HEADS), flush=True)
    for format in args.formats:
        with tempfile.TemporaryDirectory() as folder:
            try:
                print(line(format, *measured(args, format, pathlib.Path(folder))), flush=True)
            except (ImportError, ValueError) as error:
                print(f"{format:<10}{error}", flush=True)


if __name__ == "__main__":
    main()
