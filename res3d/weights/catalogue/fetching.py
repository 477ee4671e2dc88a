"""A row of the table to its file on this machine, once its licence is accepted."""

import os
import pathlib

from res3d.weights.catalogue.row import Published
from res3d.weights.catalogue.table import find_weights
from res3d.weights.formats.checkpoint import read_checkpoint
from res3d.weights.store.fetching import fetch
from res3d.weights.store.places import place


def fetch_weights(name: str | Published, network: str | None = None, accept_license: str | None = None
                  ) -> pathlib.Path:
    """The file of a published checkpoint, fetched if it is not on this machine yet.

    Args:
        name: a row, or a name as `find_weights` takes it.
        network: as of `find_weights`.
        accept_license: str or None. The identifier of a licence that must be accepted first, such as "CC-BY-NC-4.0";
            None is `RES3D_ACCEPT_LICENSE`.

    Raises:
        ValueError: for a name that means none, or a licence that is not accepted.
        FetchError: if the file cannot be had.
    """
    row = name if isinstance(name, Published) else find_weights(name, network)
    accepted = accept_license or os.environ.get("RES3D_ACCEPT_LICENSE") or ""
    if row.needs_consent and row.licence not in accepted.split(",") and not place(row.address).file.is_file():
        raise ValueError(f"{row.name} may be used under {row.licence} only, which forbids commercial use. Received: "
                         f"{accepted or 'no consent'}. If you accept it, pass --accept-licence={row.licence}, or set "
                         f"RES3D_ACCEPT_LICENSE={row.licence}.")
    return fetch(row.address, row.digest or None, read_checkpoint)
