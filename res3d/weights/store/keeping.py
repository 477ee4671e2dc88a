"""Files that were fetched: checked again, and removed."""

import shutil

from res3d.weights.store.digests import digest_of, fits
from res3d.weights.store.mirror import local_path
from res3d.weights.store.places import place


def verify(address, digest=None):
    """What is wrong with the file of an address, or None: it is whole, and that of the digest and of the first time.

    Raises:
        FileNotFoundError: if it is not on this machine.
    """
    to = place(address)
    if not to.file.is_file():
        raise FileNotFoundError(f"Expected the file of {address} at '{to.file}'. It has not been fetched: `res3d "
                                "weights fetch` does that.")
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

    Raises:
        ValueError: for a file of this machine, which was not fetched.
        OSError: if it lies where nothing can be removed.
    """
    to = place(address)
    if local_path(address) is not None:
        raise ValueError(f"Only what was fetched is removed. Received: {address}, which lies where you put it.")
    found = to.file.is_file() or to.part.is_file()
    try:
        to.file.unlink(missing_ok=True)
        to.drop_part()
        if forget and to.folder.is_dir():
            shutil.rmtree(to.folder)
    except OSError as error:
        raise OSError(f"Cannot remove '{to.folder}': {error.strerror}. What lies there stays in use; set RES3D_HOME to "
                      "another folder to do without it.") from error
    return found
