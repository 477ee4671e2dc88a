"""Where the time of an input pipeline goes, or which recipe suits some videos and this machine.

`pipeline`: clips per second of each phase from videos to a training step, the slowest, and the remedy. Every phase is
measured alone, with as many threads as clips are decoded at once; then the whole pipeline. Of many videos, only as many
are used as can be probed in the time of a phase.

`choose`: what `res3d train --recipe=auto` would choose and why, with the steps and epochs of what else there is, as
measured. --output writes the recipe to a file, to be edited and trained by.
"""

import json

from pipelines.commands import bench as pipeline
from pipelines.commands.flags import add_group_flags, add_list_flags, group_options, list_options
from res3d.atomic import write_aside

EXAMPLE = "res3d bench choose videos --minutes=30 --output=mine.yaml"


def add_flags(parser):
    """Flags of `res3d bench`."""
    parser.add_argument("what", choices=["pipeline", "choose"], help="what to measure")
    pipeline.add_flags(parser)
    parser.add_argument("--minutes", type=float, default=60.0,
                        help="choose: what training may take (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings",
                        help="choose: a field of the recipe that is settled; repeat as needed")
    parser.add_argument("--output", metavar="FILE.yaml", help="choose: file for the recipe")
    add_list_flags(parser)
    add_group_flags(parser)


def run(args):
    """Prints the rates and the verdict, or the candidates and the choices."""
    if args.what == "pipeline":
        return pipeline.run(args)
    from res3d.workflows.choosing.choose import compare

    recipe, choices, rows = compare(args.data, args.minutes, args.settings, **list_options(args), **group_options(args))
    why = [str(choice) for choice in choices]
    if args.json:
        print(json.dumps({"candidates": rows, "choices": why, "recipe": recipe.to_mapping()}, indent=2))
    else:
        print("\n".join([*table(rows), "", *why]))
    if args.output is not None:
        write_aside(args.output, recipe.to_yaml(why))
    return 0


def table(rows):
    """The candidates as lines; `<-` marks the one that is chosen."""
    lines = [f"  {'network':<12} {'clip':<12} {'step':>8} {'epoch':>9} {'fit':>6} {'serve':>6}"]
    for row in rows:
        clip = "x".join(map(str, row["clip"]))
        lines.append(f"  {row['network']:<12} {clip:<12} {row['step_seconds']:>6.2f} s {row['epoch_seconds']:>7.1f} s "
                     f"{row['fits']:>6} {row['serves']:>6}{'   <- chosen' if row['chosen'] else ''}")
    return lines
