"""Published weights by name: what there is, and what of it is on this machine.

Words filter the table by what names contain. `fetch`, `verify` and `remove` before them do so with what each name
means: NETWORK is its first row, NETWORK/TAG and NETWORK/SOURCE/TAG others. Without names, `verify` checks all that is
here. Files lie in RES3D_HOME; RES3D_MIRROR is asked in place of the publishers; RES3D_CATALOG names a CSV file of rows
of your own.
"""

import json

from res3d.commands.published.flags import add_fetch_flags, allow
from res3d.terminal.tables import width_of_terminal
from res3d.weights.catalogue.listing import describe, table
from res3d.weights.catalogue.table import find_weights, published
from res3d.weights.store import keeping

EXAMPLE = "res3d weights fetch r3d_18"
ACTIONS = ("fetch", "verify", "remove")


def add_flags(parser):
    """Flags of `res3d weights`."""
    parser.add_argument("names", nargs="*", metavar="[fetch|verify|remove] NAME",
                        help="names, or with fetch, verify or remove what to do with them")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.add_argument("--forget", action="store_true",
                        help="with remove: forget the digest too, where a publisher has changed a file")
    add_fetch_flags(parser)


def run(args):
    """Prints the table, or does what is asked; 1 if a file is not what it was."""
    action, *names = args.names if args.names[:1] and args.names[0] in ACTIONS else (None, *args.names)
    if args.forget and action != "remove":
        raise ValueError("`--forget` works with `remove` only. Received: --forget. Leave it out.")
    if action is None:
        return _list(names, args.json)
    if not names and action != "verify":
        raise ValueError(f"`res3d weights {action}` needs names. Received none. `res3d weights` lists them.")
    rows = [find_weights(name) for name in names] or [row for row in published() if describe(row)["cached"]]
    allow(args)
    return {"fetch": _fetch, "verify": _verify, "remove": _remove}[action](rows, args)


def _list(names, as_json):
    rows = [describe(row) for row in published() if not names or any(part in row.name for part in names)]
    if not rows:
        raise ValueError(f"Names must be part of those of published weights. Received: {' '.join(names)}. "
                         "`res3d weights` alone lists all.")
    print(json.dumps(rows, indent=1) if as_json else table(rows, width_of_terminal()))


def _fetch(rows, args):
    from res3d.weights.catalogue.fetching import fetch_weights

    for row in rows:
        path = fetch_weights(row, accept_license=args.accept_license)
        if not args.json:
            print(f"{row.name}: {path}")
    if args.json:
        print(json.dumps([describe(row) for row in rows], indent=1))


def _verify(rows, args):
    wrong = {row.name: keeping.verify(row.address, row.digest) for row in rows}
    if args.json:
        print(json.dumps([{"name": name, "wrong": problem} for name, problem in wrong.items()], indent=1))
    else:
        print("\n".join(f"{name}: {problem or 'as it was'}" for name, problem in wrong.items()) or "nothing is here")
    return 1 if any(wrong.values()) else 0


def _remove(rows, args):
    gone = {row.name: keeping.remove(row.address, args.forget) for row in rows}
    if args.json:
        print(json.dumps([{"name": name, "removed": removed} for name, removed in gone.items()], indent=1))
    else:
        print("\n".join(f"{name}: {'removed' if removed else 'was not here'}" for name, removed in gone.items()))
