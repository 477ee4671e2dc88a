"""Where the time goes: clips per second of each phase from videos to a training step, the slowest, and the remedy.

Every phase is measured alone, with as many threads as clips are decoded at once; then the whole pipeline. Of many
videos, only as many are used as can be probed in the time of a phase.
"""

import json

AUGMENTS = ("none", "crop", "color", "rand")
TITLES = {
    "probe": "probe (first epoch only)",
    "decode": "decode",
    "augment": "augment",
    "batch": "batch",
    "pipeline": "whole pipeline",
    "step": "step of the network",
}


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("data", help="folder of class folders, manifest, annotation file or prepared folder")
    parser.add_argument("--split", help="only this split of the data")
    parser.add_argument("--clip", default="16x2x112", metavar="FRAMESxSTRIDExSIZE|PRESET",
                        help="what a clip is (default: %(default)s)")
    parser.add_argument("--batch_size", type=int, default=8, help="clips in a batch (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="clips decoded at once (default: one a core)")
    parser.add_argument("--augment", choices=AUGMENTS, default="crop",
                        help="crop: random resized crop and flip; color, rand: colour jitter or RandAugment on top "
                             "(default: %(default)s)")
    parser.add_argument("--model", default="r3d_18",
                        help="network whose training step is measured, or 'none' (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each phase is measured "
                        "(default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")


def run(args):
    """Prints the rates and the verdict."""
    found = measure(args)
    print(json.dumps(found, indent=2) if args.json else table(found))


def measure(args):
    """What `--json` prints."""
    import res3d
    from pipelines.bench import phases
    from pipelines.commands.flags import parse_clip
    from res3d.terminal.progress import steps

    if args.seconds <= 0:
        raise ValueError(f"`--seconds` must be positive. Received: {args.seconds}.")
    with steps("measuring", dict.fromkeys(phases.PHASES, args.seconds)) as begin:
        return phases.measure(args.data, parse_clip(args.clip), split=args.split, batch_size=args.batch_size,
                              workers=args.workers, augment=args.augment, seconds=args.seconds, model=args.model,
                              build=res3d.build, progress=begin)


def table(found):
    """The lines that are printed without `--json`."""
    shape = "x".join(map(str, found["clip"]))
    few = f"{found['measured']} of " if found["measured"] < found["videos"] else ""
    lines = [f"{few}{found['videos']} videos, clips of {shape}, batches of {found['batch_size']}, {found['workers']} "
             "workers", ""]
    for name, value in found["clips_per_second"].items():
        title = f"{TITLES[name]} ({found['model']})" if name == "step" else TITLES[name]
        lines.append(f"  {title:<34} {value:>10.1f} clips/s{'   <- slowest' if name == found['bottleneck'] else ''}")
    if "headspace" in found:
        lines += ["", f"Headspace {found['headspace']:.2f}: the time of a step with its input cached over that of one "
                  "now; what a frame cache or records can gain at most."]
    if found["bad"]:
        lines += ["", f"{len(found['bad'])} videos cannot be used; `res3d doctor` tells why."]
    return "\n".join([*lines, "", f"Cheapest remedy: {found['remedy']}."])
