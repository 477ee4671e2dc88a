"""Writes what a network sees in each video, stage by stage or before its head, to one array file with the names beside.

The file is a NumPy .npz: `videos` and `labels` (text), `truth` (label ids, -1 where unknown) and one float32 array a
stage, `(videos, channels)` pooled over time and space, or whole with --whole; with --windows a row for each view, and
`seconds`, when its first and last frame are shown.
"""

import json

from pipelines.commands.flags import add_list_flags, list_options
from res3d.commands.published.flags import add_fetch_flags, allow

EXAMPLE = "res3d features --model=runs/first --data=videos --output=features.npz"


def add_flags(parser):
    """Flags of `res3d features`."""
    parser.add_argument("--model", required=True, help="work or preset folder, .keras file, or weights by name")
    parser.add_argument("--data", required=True, help="videos, as `res3d evaluate` takes them")
    add_list_flags(parser)
    parser.add_argument("--output", required=True, help=".npz file to write")
    parser.add_argument("--split", help="split of the data (default: all)")
    parser.add_argument("--stages", default="head_pool",
                        help="layers, separated by commas: stem, stage1 ... stage4, head_pool (default: %(default)s)")
    parser.add_argument("--protocol", default="centre", help="how videos are cut; views are averaged (default: centre)")
    parser.add_argument("--windows", action="store_true", help="a row for each view, with the seconds it is from, as "
                        "over long videos with --protocol=sliding_16")
    parser.add_argument("--whole", action="store_true", help="keep time and space instead of their mean")
    parser.add_argument("--workers", type=int, help="videos decoded at once (default: one a core)")
    parser.add_argument("--json", action="store_true", help="print the file and its shapes as JSON")
    add_fetch_flags(parser)


def run(args):
    """Computes, writes and says how much."""
    allow(args)
    from res3d.workflows.features import features

    written = features(args.model, args.data, args.output, stages=args.stages.split(","), split=args.split,
                       protocol=args.protocol, whole=args.whole, windows=args.windows, workers=args.workers,
                       **list_options(args))
    if args.json:
        print(json.dumps({"output": args.output, "shapes": written}))
        return
    shapes = ", ".join(f"{name} {shape}" for name, shape in written.items())
    print(f"{args.output}: {shapes}")
