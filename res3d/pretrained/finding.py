"""What a user means by weights or by a model: a path, an address, or a name of the table."""

import os
import pathlib

from res3d.weights.catalogue.fetching import fetch_weights
from res3d.weights.catalogue.table import find_weights, list_weights, row_at
from res3d.weights.formats.checkpoint import read_checkpoint
from res3d.weights.store.fetching import fetch
from res3d.weights.store.hub import fetch_hub

SHIPPED = {  # what comes with the package, by whole name
    "plain3d_5/figures": pathlib.Path(__file__).with_name("plain3d_5_figures.keras"),  # `res3d pretrain` made it
}
SAVED = ("best.keras", "last.keras", "config.json")  # of which a folder with weights has one


def find(reference, network=None):
    """(path of a file or folder with weights, row of the table or None) that `reference` means.

    Args:
        reference: a path, an http://, https://, file:// or hf://ORG/NAME[@REVISION] address, or a name as
            `find_weights` takes it, or "figures", learnt of generated figures, which comes with the package.
        network: str or None. The network of which a name is a tag; a whole name is taken too.

    Raises:
        ValueError: for a name that means nothing.
        FetchError: if a file cannot be had.
    """
    text = os.fspath(reference)
    if text.startswith("hf://"):
        return fetch_hub(text), None
    if "://" in text:
        row = row_at(text)
        return (fetch_weights(row), row) if row else (fetch(text, check=read_checkpoint), None)
    path = pathlib.Path(text).expanduser()
    if path.is_file() or (path.is_dir() and any((path / name).is_file() for name in SAVED)):
        return path, None
    if isinstance(reference, os.PathLike) or path.suffix in (".pth", ".pt", ".pyth", ".pkl", ".safetensors", ".keras"):
        raise FileNotFoundError(f"Expected weights at '{path}'. There are none. Check the path; `res3d weights` lists "
                                "those that have names.")
    for name in (f"{network}/{text}".lower(), text.lower()):
        if name in SHIPPED:
            return SHIPPED[name], None
    row = _row(text, network)
    return fetch_weights(row), row


def find_saved(reference):
    """The path of a folder or a file that `reference` means, or None where it names or addresses a checkpoint.

    Args:
        reference: a path, hf://ORG/NAME[@REVISION], or a name or an address of weights.

    Raises:
        ValueError, FetchError: as `find`, for an hf:// address.
    """
    text = os.fspath(reference)
    if text.startswith("hf://"):
        return fetch_hub(text)
    path = pathlib.Path(text).expanduser()
    return path if path.exists() else SHIPPED.get(text.lower())


def is_unpacked(folder):
    """Whether a folder is an unpacked `.keras` file, as plain Keras writes one to the hub; every preset is."""
    return (pathlib.Path(folder) / "config.json").is_file()


def _row(name, network):
    """The row that a name means: a tag of `network`, or else a whole name."""
    try:
        return find_weights(name, network)
    except ValueError:
        if network is None or not list_weights(name.split("/")[0].lower()):
            raise
    return find_weights(name)
