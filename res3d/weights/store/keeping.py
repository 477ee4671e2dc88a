"""Files that were fetched: checked again, and removed."""

import shutil

from res3d.weights.store.digests import digest_of, fits
from res3d.weights.store.places import place


def verify(address, digest=None):
    """What is wrong with the file of an address, or None: it is whole, and that of the digest and of the first time.

    Raises:
        FileNotFoundError: if it is not on this machine.
    """
    to = place(address)
    if not to.file.is_file():
        raise FileNotFoundError(f"Expected the file of {address} at '{to.file}'. It has not been fetched.")
    first = to.record.get("sha256")
    found = digest_of(to.file)
    if first and found != first:
        return f"its SHA-256 is {found}, and was {first} when it came"
    if digest and not fits(to.file, digest):
        return f"its digest is not the published one, {digest}"
    return None


def remove(address, forget=False):
    """Removes the file of an address, and what has arrived of it; whether there was any.

    The digest of the first time stays, to compare the next file with, unless `forget`.
    """
    to = place(address)
    found = to.file.is_file() or to.part.is_file()
    to.file.unlink(missing_ok=True)
    to.drop_part()
    if forget:
        shutil.rmtree(to.folder, ignore_errors=True)
    return found
