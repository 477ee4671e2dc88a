"""A file of weights as one flat table, whatever its layout and however deep the state dict lies in it."""

import dataclasses
import os

import numpy as np

from res3d.weights.errors import CheckpointError
from res3d.weights.formats.safetensors import looks_like_safetensors, read_metadata, read_safetensors
from res3d.weights.formats.torch_files import read_legacy, read_zip

# Under which names training programs keep the state dict, the first that holds tensors wins.
CONTAINERS = ("state_dict", "model_state", "model_state_dict", "model", "net", "network", "blobs")
# What wrappers put before every name: DataParallel, torch.compile, Lightning; `backbone.` when there is nothing else.
PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.")
FACTS = (str, int, float)


@dataclasses.dataclass
class Checkpoint:
    """Tensors by name, and what else the file said.

    Attributes:
        path: str.
        tensors: dict of name to numpy array, in the file's order, wrappers' prefixes removed.
        facts: dict of the plain values that lay beside the state dict (`arch`, `epoch`, ...).
        prefix: str. What was removed from every name.
    """

    path: str
    tensors: dict[str, np.ndarray]
    facts: dict[str, object] = dataclasses.field(default_factory=dict)
    prefix: str = ""

    def __repr__(self):
        count = sum(array.size for array in self.tensors.values())
        return f"Checkpoint({self.path!r}, {len(self.tensors)} tensors, {count:,} numbers)"


def read_checkpoint(path: str | os.PathLike) -> Checkpoint:
    """Reads `.pth`, `.pt`, `.pyth`, `.pkl` and `.safetensors` files without torch; the content decides, not the name.

    Args:
        path: a file. torch.save's zip layout, its older layout, safetensors, or a plain pickle of numpy arrays.

    Returns:
        A `Checkpoint`. Half precision stays float16; bfloat16, which numpy lacks, becomes float32.

    Raises:
        CheckpointError: if the file is truncated, holds anything but tensors and plain containers, or no tensors.
        OSError: if there is no such file.
    """
    path = os.fspath(path)
    with open(path, "rb") as file:
        start = file.read(512)
    if not start:
        raise CheckpointError(path, "the file is empty. Download it again.")
    if start[:4] == b"PK\x03\x04":
        content = read_zip(path)
    elif looks_like_safetensors(path):
        content = {**read_metadata(path), "state_dict": read_safetensors(path)}
    elif start[:1] == b"\x80" or start[:1] in b"(}]":  # a pickle of protocol 2 and later, or of the text protocols
        content = read_legacy(path)
    else:
        hint = _what_it_is(start)
        raise CheckpointError(path, f"expected a torch checkpoint (zip or pickle) or safetensors; the file {hint}.")
    state, facts = find_state_dict(content)
    if not state:
        raise CheckpointError(path, f"expected named tensors; the file holds {_outline(content)}.")
    tensors, prefix = strip_prefixes(state)
    return Checkpoint(path, tensors, facts, prefix)


def find_state_dict(content):
    """(tensors by name, plain values beside them) in whatever a checkpoint holds; ({}, {}) when there are none.

    >>> find_state_dict({"epoch": 3, "model_state": {"fc.bias": np.zeros(2)}})
    ({'fc.bias': array([0., 0.])}, {'epoch': 3})
    """
    if not isinstance(content, dict):
        return {}, {}
    facts = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, FACTS)}
    for name in CONTAINERS:
        if isinstance(content.get(name), dict):
            state, inner = find_state_dict(content[name])
            if state:
                return state, {**inner, **facts}
    state = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, np.ndarray)}
    return state, facts


def strip_prefixes(state):
    """(tensors, prefix): what every name starts with and no architecture means, removed.

    >>> strip_prefixes({"module.fc.weight": 1, "module.fc.bias": 2})
    ({'fc.weight': 1, 'fc.bias': 2}, 'module.')
    """
    removed = ""
    found = True
    while found:
        found = next((prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in state)), "")
        state = {name[len(found):]: value for name, value in state.items()} if found else state
        removed += found
    return state, removed


def _what_it_is(start):
    if start.lstrip()[:1] == b"<":
        return "is a web page: the download was refused or redirected, fetch it again"
    if start[257:262] == b"ustar":
        return "is a tar archive, as torch wrote before 0.1.10: save it again with a newer torch"
    if start[:2] == b"\x1f\x8b" or start[:3] == b"BZh":
        return "is compressed: unpack it first"
    if start[:8] == b"\x89HDF\r\n\x1a\n":
        return "is HDF5, as Keras writes: load it with keras.models.load_model"
    return f"starts with {start[:8]!r}"


def _outline(content):
    if isinstance(content, dict):
        keys = [repr(key[:40]) if isinstance(key, str) else f"a {type(key).__name__}" for key in list(content)[:8]]
        return f"a dict of {', '.join(keys) or 'nothing'}"
    return f"a {type(content).__name__}"
