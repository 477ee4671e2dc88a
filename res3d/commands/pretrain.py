"""Trains a small network on generated figures that move, for others to start from: `res3d train --weights=FILE`.

Needs no videos. The weights that come with the package, `figures`, were made by this command as it stands.
"""

EXAMPLE = "res3d pretrain --output=figures.keras --steps=2400"


def add_flags(parser):
    """Flags of `res3d pretrain`."""
    parser.add_argument("--output", required=True, help=".keras file to write")
    parser.add_argument("--steps", type=int, default=2400, help="steps of training (default: %(default)s)")
    parser.add_argument("--recipe", default="figures", help="a recipe's name or file (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings",
                        help="one field of the recipe, such as seed=1")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw figures (default: %(default)s)")


def run(args):
    """Trains, writes and says what it came to."""
    from res3d.training.recipe import find_recipe
    from res3d.workflows.pretraining.pretrain import pretrain

    history = pretrain(args.output, args.steps, find_recipe(args.recipe, args.settings), args.workers)
    print(f"{args.output}: accuracy {history['accuracy'][-1]:.3f} on the figures of all {args.steps} steps, each seen "
          "for the first time")
