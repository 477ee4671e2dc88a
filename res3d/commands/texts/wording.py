"""What the system and Python say of a file or a module that is missing, as an error that says what to do."""

import errno

OF_FILES = {
    errno.ENOENT: "Expected a file or folder '{}'. There is none. Check the path.",
    errno.EISDIR: "Expected a file at '{}'. It is a folder. Name a file in it, or another path.",
    errno.ENOTDIR: "Expected a folder at '{}' or above it. It is a file. Name another path.",
    errno.EEXIST: "Expected a folder at '{}'. It is a file. Name another path.",
    errno.EACCES: "Expected leave to use '{}'. The system denies it. Change its permissions, or name another path.",
    errno.EROFS: "Expected to write '{}'. Its disk can only be read. Name another path.",
    errno.ENOSPC: "Expected room for '{}'. The disk is full. Make room, or name another path.",
}
OF_BACKENDS = ("Expected Keras's backend '{0}' to be installed, as KERAS_BACKEND or ~/.keras/keras.json asks. There is "
               "no module '{0}'. Install it, pip install {0}, or set KERAS_BACKEND=tensorflow.")


def in_words(error):
    """The text of an error on one line; a bare `[Errno 2]` or `No module named` is said in full.

    >>> in_words(FileNotFoundError(errno.ENOENT, "No such file or directory", "a.pth"))
    "Expected a file or folder 'a.pth'. There is none. Check the path."
    """
    text = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError) and error.name in ("jax", "torch"):
        return OF_BACKENDS.format(error.name)
    if isinstance(error, OSError) and text.startswith("[Errno") and error.filename is not None:
        return OF_FILES.get(error.errno, "{}: " + str(error.strerror)).format(error.filename)
    return text
