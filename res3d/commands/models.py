"""The family of networks: parameters, multiplications, native clip, and what was published about each.

Parameters are the trainable ones with the published number of classes. GMACs count convolutions and dense layers for
one native clip. Names filter by what they contain. Memory is an estimate from the sizes of what layers give, for one
clip more in a batch of float32, weights and a backend's scratch space apart.
"""

import json

from res3d.networks.listing import describe, table
from res3d.networks.variants.table import VARIANTS
from res3d.terminal.tables import width_of_terminal

EXAMPLE = "res3d models slowfast --json"


def add_flags(parser):
    parser.add_argument("names", nargs="*", help="only networks whose name contains one of these")
    parser.add_argument("--memory", action="store_true",
                        help="also estimate the memory of a clip, in training and forward; builds each network")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")


def run(args):
    rows = [describe(name) for name in VARIANTS if not args.names or any(part in name for part in args.names)]
    if not rows:
        raise ValueError(f"Names must be part of a network's name. Received: {' '.join(args.names)}. "
                         "`res3d models` alone lists all.")
    if args.memory:
        from res3d.networks.memory import with_memory  # TensorFlow comes with it

        rows = [with_memory(row) for row in rows]
    print(json.dumps(rows, indent=2) if args.json else table(rows, width_of_terminal()))
