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
from res3d.terminal.tables import aligned, width_of_terminal

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
        print("\n".join([table(rows, width_of_terminal()), "", *why]))
    if args.output is not None:
        write_aside(args.output, recipe.to_yaml(why))
    return 0


def table(rows, width=None):
    """The candidates as text; `<-` marks the one that is chosen."""
    lines = [("network", "clip", "step", "epoch", "fit", "serve", "")]
    for row in rows:
        lines.append((row["network"], "x".join(map(str, row["clip"])), f"{row['step_seconds']:.2f} s",
                      f"{row['epoch_seconds']:.1f} s", str(row["fits"]), str(row["serves"]),
                      "<- chosen" if row["chosen"] else ""))
    return aligned(lines, right=(2, 3, 4, 5), elastic=(0,), width=width)
