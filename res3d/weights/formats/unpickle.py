"""A pickle reader that makes tensors and plain containers, and refuses everything else by name.

A pickle is a program: its GLOBAL instruction asks for any function of any module and REDUCE calls it. Here a name
resolves only through `ALLOWED`, so that nothing is ever imported because a file asked for it.
"""

import collections
import pickle
import pickletools

import numpy as np

from res3d.weights.formats import dtypes
from res3d.weights.formats.tensors import Storage, Tensor


class RefusedError(Exception):
    """A checkpoint asked for something that is neither a tensor nor a plain container."""


def described(value):
    """`value` for a refusal: a text itself, else its type, as printing a list nested in itself could take for ever."""
    return value[:80] if isinstance(value, str) else f"a {type(value).__name__}"


class StorageType:
    """Stands for torch.FloatStorage and its kin. Read-only: a file's BUILD instruction may not touch what it names."""

    __slots__ = ("_dtype",)

    def __init__(self, dtype):
        object.__setattr__(self, "_dtype", dtype)

    dtype = property(lambda self: self._dtype)

    def __setattr__(self, name, value):
        raise RefusedError(f"a change of {type(self).__name__}.{name}")


class Permitted:
    """A function that a file may call, and nothing else: a class itself could be rewritten by a BUILD instruction."""

    __slots__ = ("_function",)

    def __init__(self, function):
        object.__setattr__(self, "_function", function)

    def __call__(self, *arguments):
        return self._function(*arguments)

    def __setattr__(self, name, value):
        raise RefusedError(f"a change of {name}")


def rebuild_tensor(storage, offset, size, stride, *_):
    """torch._utils._rebuild_tensor_v2 and its older form, which both end in arguments that hold no numbers."""
    if not isinstance(storage, Storage):
        raise RefusedError(f"a tensor over {type(storage).__name__}, which is no storage")
    return Tensor(storage, offset, tuple(size), tuple(stride))


def rebuild_typed(storage, offset, size, stride, requires_grad, hooks, dtype, *_):
    """torch._utils._rebuild_tensor_v3: the storage is bytes, the tensor knows the type."""
    if storage.dtype == "uint8":
        width = dtypes.itemsize(dtype)
        storage = Storage(str(dtype), storage.key, storage.count // width)
    return rebuild_tensor(storage, offset, size, stride)


def rebuild_parameter(data, *_):
    """torch._utils._rebuild_parameter: the tensor itself."""
    return data


def rebuild_from_type(function, kind, arguments, state):
    """torch._tensor._rebuild_from_type_v2: a subclass of Tensor; its numbers are all we need."""
    if not isinstance(function, Permitted):
        raise RefusedError(f"a tensor rebuilt by {described(function)}")
    return function(*arguments)


class ReadOnly(type):
    """A class that a file's BUILD instruction cannot rewrite."""

    def __setattr__(cls, name, value):
        raise RefusedError(f"a change of {cls.__name__}.{name}")


class Namespace(metaclass=ReadOnly):
    """Stands for argparse.Namespace, by which torchvision's training script keeps its options: a dict, never called."""

    __slots__ = ("values",)

    def __setstate__(self, state):
        self.values = dict(state)


class Array:
    """Stands for numpy.ndarray as numpy pickles it: made empty, then given (version, shape, dtype, order, bytes)."""

    def __setstate__(self, state):
        _, shape, dtype, fortran, data = state
        if dtype.numpy.hasobject or dtype.numpy.itemsize == 0:
            raise RefusedError(f"an array of {dtype.numpy}")
        data = data.encode("latin1") if isinstance(data, str) else data
        self.values = np.frombuffer(data, dtype.numpy).reshape(shape, order="F" if fortran else "C")


class NumpyType:
    """Stands for numpy.dtype: made from its code, then told its byte order."""

    def __init__(self, code, *_):
        if not isinstance(code, str) or len(code) > 8 or code[:1] not in "fiubcSU":
            raise RefusedError(f"numpy.dtype({code!r})")
        self.numpy = np.dtype(code)

    def __setstate__(self, state):
        order = state[1] if len(state) > 1 and state[1] in ("<", ">") else "="
        self.numpy = self.numpy.newbyteorder(order)


def make_array(*_):
    """numpy.core.multiarray._reconstruct, whose arguments only describe an empty array."""
    return Array()


def make_scalar(dtype, data):
    """numpy.core.multiarray.scalar: a number that a training loop stored, such as the best accuracy."""
    data = data.encode("latin1") if isinstance(data, str) else data
    return np.frombuffer(data, dtype.numpy, count=1)[0].item()


def encode(text, codec):
    """_codecs.encode, by which protocol 2 writes bytes."""
    if codec != "latin1":
        raise RefusedError(f"_codecs.encode with codec {codec!r}")
    return text.encode("latin1")


def name_device(*where):
    """torch.device, as the text it prints."""
    if not all(isinstance(part, str | int) for part in where):
        raise RefusedError(f"a torch.device of {', '.join(map(described, where))[:80]}")
    return ":".join(map(str, where))


def make_defaultdict(*_):
    """collections.defaultdict, as the plain dict it is once filled."""
    return {}


ALLOWED: dict[str, dict] = {
    "argparse": {"Namespace": Namespace},
    "collections": {"OrderedDict": Permitted(collections.OrderedDict), "Counter": Permitted(collections.Counter),
                    "defaultdict": Permitted(make_defaultdict)},
    "builtins": {kind.__name__: Permitted(kind) for kind in (complex, dict, float, frozenset, int, list, set, tuple)},
    "_codecs": {"encode": Permitted(encode)},
    "torch": {"Size": Permitted(tuple), "device": Permitted(name_device),
              **{f"{name}Storage": StorageType(dtype) for name, dtype in dtypes.TORCH.items()},
              **dtypes.TORCH_DTYPES},
    "torch.storage": {"UntypedStorage": StorageType("uint8"), "_UntypedStorage": StorageType("uint8")},
    "torch._utils": {"_rebuild_tensor": Permitted(rebuild_tensor), "_rebuild_tensor_v2": Permitted(rebuild_tensor),
                     "_rebuild_tensor_v3": Permitted(rebuild_typed),
                     "_rebuild_parameter": Permitted(rebuild_parameter)},
    "torch._tensor": {"_rebuild_from_type_v2": Permitted(rebuild_from_type)},
    "torch.nn.parameter": {"Parameter": "torch.nn.parameter.Parameter"},
    "numpy": {"dtype": Permitted(NumpyType), "ndarray": "numpy.ndarray"},
    "numpy.core.multiarray": {"_reconstruct": Permitted(make_array), "scalar": Permitted(make_scalar)},
}
ALLOWED["__builtin__"] = ALLOWED["builtins"]
ALLOWED["torch.cuda"] = {name: kind for name, kind in ALLOWED["torch"].items() if name.endswith("Storage")}
ALLOWED["numpy._core.multiarray"] = ALLOWED["numpy.core.multiarray"]


def check_memo(file):
    """Raises ValueError for a pickle that numbers an object beyond its own length, and stays where `file` was.

    Python makes room for every number below the one given: ten bytes could ask for all memory there is.
    """
    start = file.tell()
    for instruction, number, position in pickletools.genops(file):
        if instruction.name in ("PUT", "BINPUT", "LONG_BINPUT") and number > position:
            raise ValueError(f"object number {number} at byte {position}")
    file.seek(start)


class Unpickler(pickle.Unpickler):
    """Reads one pickle from `file`; `find_storage(kind, key, count, view)` answers for the storages it names."""

    def __init__(self, file, find_storage=None, encoding="latin1"):
        check_memo(file)
        super().__init__(file, encoding=encoding)
        self.find_storage = find_storage

    def find_class(self, module, name):
        """The stand-in for `module.name`, or a refusal that says the name."""
        try:
            return ALLOWED[module][name]
        except KeyError:
            raise RefusedError(f"{module}.{name}") from None

    def persistent_load(self, reference):
        """A tensor's numbers: ('storage', kind, key, device, count[, view])."""
        if self.find_storage is None or not isinstance(reference, tuple) or len(reference) < 5:
            raise RefusedError(f"a reference that is {described(reference)}")
        if reference[0] != "storage" or not isinstance(reference[1], StorageType):
            raise RefusedError(f"a stored {described(reference[0])} of {described(reference[1])}")
        if not isinstance(reference[2], str | int):
            raise RefusedError(f"a storage called {described(reference[2])}")
        view = reference[5] if len(reference) > 5 else None
        return self.find_storage(reference[1].dtype, str(reference[2]), reference[4], view)
