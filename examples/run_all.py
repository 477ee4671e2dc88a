"""Runs every example, one after the other, and prints their result lines.

    python examples/run_all.py --output pictures

Logs, pictures and results.txt, which holds the lines printed, lie in the output folder. The exit code is not zero if an
example fails or does not beat its baseline. The page of examples quotes examples/results.txt, a copy of such a file;
after a copy, `python docs/tables.py` writes the page anew.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

FOLDER = pathlib.Path(__file__).resolve().parent
EXAMPLES = ("finetune_checkpoint", "own_videos", "multi_label_images", "volume_segmentation", "detection_pyramid",
            "keyword_spectrograms", "text_characters", "degradation", "spans")
RESULT = re.compile(r"^result: (?P<name>\w+) (?P<metric>.+) (?P<value>[\d.]+), (?P<baseline>.+) (?P<reference>[\d.]+)"
                    r"(?: \(\d+ s\))?$",
                    re.MULTILINE)


def run(name, output, flags=()):
    """Runs one example in a process of its own; returns its result line, matched, or None; the log is kept."""
    command = [sys.executable, str(FOLDER / f"{name}.py"), f"--output={output}", *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    (output / f"{name}.log").write_text(done.stdout, encoding="utf-8")
    return RESULT.search(done.stdout) if done.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default="pictures", help="folder for pictures and logs (default: %(default)s)")
    parser.add_argument("names", nargs="*", default=EXAMPLES, help="examples to run (default: all)")
    args = parser.parse_args()
    output = pathlib.Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    broken, lines = [], []
    for name in args.names:
        begin = time.monotonic()
        found = run(name, output)
        if found is None or float(found["value"]) <= float(found["reference"]):
            broken.append(name)
        line = found[0] if found else f"FAILED: {name}, see {output / name}.log"
        lines.append(f"{line} ({time.monotonic() - begin:.0f} s)")
        print(lines[-1], flush=True)
    lines.append(f"{len(args.names) - len(broken)} of {len(args.names)} examples beat their baselines, "
                 f"on {os.cpu_count()} processors")
    print(lines[-1])
    (output / "results.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
