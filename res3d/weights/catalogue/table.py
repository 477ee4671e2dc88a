"""The published checkpoints as a table, the best choice of a network first, and finding one by name."""

import csv
import difflib
import functools
import pathlib

from res3d.weights.catalogue.own import own_rows
from res3d.weights.catalogue.row import Published, read_row

TABLE = pathlib.Path(__file__).with_name("weights.csv")


def published():
    """All rows, in the table's order: of several that a name could mean, the first is meant.

    Those of `RES3D_CATALOG` come first, and stand for any other of their name.
    """
    own = own_rows()
    names = {row.name for row in own}
    return (*own, *(row for row in _ours() if row.name not in names))


@functools.cache
def _ours():
    with open(TABLE, encoding="utf-8", newline="") as file:
        return tuple(map(read_row, csv.DictReader(file)))


def list_weights(network: str | None = None) -> list[Published]:
    """The table of published checkpoints, `RES3D_CATALOG` included.

    Args:
        network: str or None. Only the rows of this network, the one that it means first.

    >>> [row.name for row in list_weights("r3d_18")]
    ['r3d_18/torchvision/kinetics400']
    """
    return [row for row in published() if network in (None, row.network)]


def row_at(address):
    """The row of an address, or None."""
    return next((row for row in published() if row.address == address), None)


def find_weights(name: str, network: str | None = None) -> Published:
    """The row that a name means.

    Args:
        name: with `network`: "TAG", "SOURCE/TAG" or "SOURCE". Without: "NETWORK", which means its first row, or these
            after "NETWORK/". A tag also stands for its variants: "imagenet1k" for "imagenet1k_v2". Rows with a
            licence that not everybody may use are meant by their source only.
        network: a row of the family, or None.

    Raises:
        ValueError: for a name that means none; what there is, or what is near, is listed.

    >>> find_weights("kinetics400", "slow_r50").name
    'slow_r50/pytorchvideo/kinetics400'
    """
    words = name.lower().split("/")
    if network is None:
        network, *words = words
    rows = list_weights(network)
    source = words[0] if words and words[0] in {row.source.lower() for row in rows} else None
    words = words[1:] if source else words
    if len(words) <= 1:
        for row in rows:
            if source in (None, row.source.lower()) and (source or not row.needs_consent) and _means(row.tag, *words):
                return row
    raise ValueError(_none_such(name, network, rows))


def _means(tag, wanted=None):
    return wanted is None or tag.lower() == wanted or tag.lower().startswith((f"{wanted}-", f"{wanted}_v"))


def _none_such(name, network, rows):
    if rows:
        return (f"Published weights of {network} are {', '.join(f'{row.source}/{row.tag}' for row in rows)}. "
                f"Received: {name!r}.")
    near = near_names(network)
    return (f"Expected a network of which weights are published; `res3d weights` lists them. Received: {name!r}."
            + (f" Did you mean {' or '.join(near)}?" if near else ""))


def near_names(name: str) -> list[str]:
    """Up to three networks of which weights are published and whose names are like that in `name`.

    >>> near_names("slow_r5/kinetics400")[0]
    'slow_r50'
    """
    return difflib.get_close_matches(name.lower().split("/")[0], sorted({row.network for row in published()}), 3)
