"""The versions of a model on disk: which there are, which are wanted, and whether one has arrived whole."""

import dataclasses
import os
import pathlib
import re
import stat
import time

from google.protobuf.message import DecodeError

from serving.models import bundle
from serving.tensors.protos import saved_model_pb2

_NUMBER = re.compile(r"[0-9]+")  # as TensorFlow Serving reads them: 00000123 is 123
_SETTLED_SECONDS = 2.0  # files younger than this may still be growing


@dataclasses.dataclass(frozen=True)
class Policy:
    """Which versions are served: the `latest` n, `all`, or exactly those in `specific`.

    >>> Policy(latest=2).choose([1, 2, 3]), Policy(specific=(1, 9)).choose([1, 2]), Policy(all=True).choose([2, 1])
    ([3, 2], [1], [2, 1])
    """

    latest: int = 1
    all: bool = False
    specific: tuple[int, ...] = ()

    def choose(self, versions):
        """The wanted ones among `versions`, newest first."""
        newest = sorted(versions, reverse=True)
        if self.specific:
            return [version for version in newest if version in self.specific]
        return newest if self.all else newest[:self.latest]

    @classmethod
    def from_proto(cls, proto):
        """The policy of a ServableVersionPolicy message; an empty one is the latest version."""
        choice = proto.WhichOneof("policy_choice")
        if choice == "all":
            return cls(all=True)
        if choice == "specific":
            return cls(specific=tuple(proto.specific.versions))
        return cls(latest=proto.latest.num_versions or 1)


def discover(base_path):
    """{version: folder} of everything in `base_path` whose name is a number; what else lies there is ignored.

    Raises:
        OSError: if the folder cannot be read.
    """
    found = {}
    for child in sorted(pathlib.Path(base_path).iterdir()):
        if _NUMBER.fullmatch(child.name) and int(child.name) < 2**63 and _is_folder(child):
            found.setdefault(int(child.name), child)
    return found


def _is_folder(path):
    try:
        return path.is_dir()
    except OSError:
        return True  # it is there; what is wrong with it is told of the version, and hides no other


class Arrival:
    """Watches one version folder until it is whole. TensorFlow Serving does not, and serves halves of copies.

    Args:
        path: pathlib.Path.
        patience_seconds: float. Without any change for so long, an incomplete folder counts as broken.
    """

    def __init__(self, path, patience_seconds):
        self.path, self.patience_seconds = path, patience_seconds
        self._state, self._since, self._broken = None, 0.0, ""

    def lacking(self):
        """What is not there yet, in words, or "" if the version can be loaded."""
        state, odd = _state(self.path)
        if state != self._state:
            self._state, self._since = state, time.monotonic()
        self._broken = odd or missing(self.path)
        if self._broken:
            return self._broken
        newest = max((modified for name, _, modified in state if name.startswith("assets")), default=0.0)
        young = time.time() - newest < _SETTLED_SECONDS and time.monotonic() - self._since < _SETTLED_SECONDS
        return "its assets are still being written" if young else ""

    def given_up(self):
        """Whether something lacks and nothing has changed for so long that nothing more will come."""
        return bool(self._broken) and time.monotonic() - self._since >= self.patience_seconds


def _state(path):
    """`(state, odd)`: names, sizes and times of all files below, the same twice means that nobody writes here; and in
    words what no version may have, such as a pipe, whose reader would wait for ever."""
    state, odd = [], ""
    for folder, _, names in os.walk(path):  # what cannot be listed is passed over
        for name in names:
            file = pathlib.Path(folder, name)
            try:
                status = file.stat()
            except OSError:
                continue
            place = str(file.relative_to(path))
            state.append((place, status.st_size, status.st_mtime))
            if not stat.S_ISREG(status.st_mode):
                odd = odd or f"{place} is neither a file nor a folder"
    return sorted(state), odd


def missing(path):
    """What a version folder lacks of a loadable SavedModel, in words; "" if it lacks nothing.

    A folder without any saved model file lacks it; a text-format model is taken as it is. Nothing that may lie there
    raises anything.
    """
    try:
        return _lack(path)
    except OSError as error:
        place = os.path.relpath(error.filename, path) if error.filename else "it"
        return f"{place} cannot be read: {error.strerror or error}"
    except Exception as error:
        return f"it cannot be read: {type(error).__name__}: {error}"


def _lack(path):
    file = path / "saved_model.pb"
    if not file.exists():
        return "" if (path / "saved_model.pbtxt").exists() else "saved_model.pb is not there"
    try:
        model = saved_model_pb2.SavedModel.FromString(bundle.content(file))
    except DecodeError:
        return "saved_model.pb cannot be parsed"
    if not model.meta_graphs:
        return "saved_model.pb holds no graph"
    for graph in model.meta_graphs:
        for asset in graph.asset_file_def:
            if not (path / "assets" / asset.filename).exists():
                return f"assets/{asset.filename} is not there"
    # A graph with a saver restores variables when it is loaded.
    if any(graph.saver_def.filename_tensor_name for graph in model.meta_graphs):
        return bundle.missing(path / "variables")
    return ""
