"""A version folder that appears whole or not at all: written under a name that no server reads, then renamed."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import uuid

from res3d import atomic

VERSION = re.compile(r"-?\d{1,19}")
STAGING = re.compile(r"\.staging-(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{8}")


def versions(directory):
    """The version numbers in a model's folder, rising; what TensorFlow Serving would find there.

    >>> versions("/nowhere")
    []
    """
    if not os.path.isdir(directory):
        return []
    with os.scandir(directory) as entries:
        return sorted(int(entry.name) for entry in entries if VERSION.fullmatch(entry.name) and entry.is_dir())


@contextlib.contextmanager
def staged(directory):
    """A new empty folder beside the versions in `directory`; removed at the end unless it was published.

    What an earlier export left behind when it was killed is removed too, if its process is gone.
    """
    directory = pathlib.Path(directory)
    if directory.exists() and not directory.is_dir():
        raise NotADirectoryError("An export needs a folder for the versions of a model. Received: "
                                 f"'{directory}', which is a file. Name another folder.")
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    directory.mkdir(parents=True, exist_ok=True)
    _clear_abandoned(directory)
    folder = directory / f".staging-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for parent in made:
            with contextlib.suppress(OSError):  # a folder that holds something by now stays
                parent.rmdir()


def publish(folder, directory, version=None):
    """Gives a staged folder its number, the next free one unless `version` names one; returns the new path.

    Files and folders reach the disk before the name does.

    Raises:
        FileExistsError: if the version is there already.
    """
    directory = pathlib.Path(directory)
    for path, _, files in os.walk(folder, topdown=False):
        for name in files:
            _sync(os.path.join(path, name))
        _sync(path)
    while True:
        taken = [int(name) for name in os.listdir(directory) if VERSION.fullmatch(name)]
        number = max([0, *taken]) + 1 if version is None else version
        target = directory / str(number)
        try:
            if number in taken:
                raise FileExistsError(target)
            os.rename(folder, target)  # fails if another export has just taken the number
        except OSError as error:
            if not target.exists():
                raise
            if version is not None:
                raise FileExistsError(f"An export needs a version number that is free. Version {number} is in "
                                      f"'{directory}' already. Leave `version` out to take the next.") from error
            continue
        _sync(directory)
        return target


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear_abandoned(directory):
    for entry in directory.iterdir():
        found = STAGING.fullmatch(entry.name)
        if found and found["host"] == socket.gethostname() and not atomic.lives(int(found["pid"])):
            shutil.rmtree(entry, ignore_errors=True)
