"""Writes the files torch.save writes, without torch: the zip layout and the one before torch 1.6.

Only what the tests need, spelled in pickle's own instructions (protocol 2), so that a test can also misspell it.
"""

import pickle
import struct
import zipfile

import numpy as np

STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "int64": "LongStorage",
            "int32": "IntStorage", "uint8": "ByteStorage", "bool": "BoolStorage", "bfloat16": "BFloat16Storage"}


class View:
    """A tensor as torch stores it: a run of numbers (shared if the same object comes twice), offset, size, stride."""

    def __init__(self, numbers, offset=0, size=None, stride=None, dtype=None):
        self.numbers = numbers
        self.offset = offset
        self.size = tuple(numbers.shape if size is None else size)
        self.stride = tuple(_strides(self.size) if stride is None else stride)
        self.dtype = dtype or numbers.dtype.name


class Raw(bytes):
    """Instructions to put into the pickle as they are: they leave one object on the stack."""


def call(module, name, *arguments):
    """The instructions that call `module.name(*arguments)`."""
    body = b"".join(Writer(legacy=False).put(argument) for argument in arguments)
    return Raw(b"c" + f"{module}\n{name}\n".encode() + b"(" + body + b"tR")


def write_zip(path, content, records=(), root="archive"):
    """A checkpoint in the zip layout; `records` adds or replaces records by name."""
    writer = Writer(legacy=False)
    body = b"\x80\x02" + writer.put(content) + b"."
    members = {"data.pkl": body, "byteorder": b"little"}
    members |= {f"data/{index}": numbers.tobytes() for index, numbers in enumerate(writer.storages)}
    members |= {"version": b"3\n", **dict(records)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(f"{root}/{name}"), data)
    return path


def write_legacy(path, content):
    """A checkpoint in the layout before torch 1.6."""
    writer = Writer(legacy=True)
    body = b"\x80\x02" + writer.put(content) + b"."
    with open(path, "wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True}):
            file.write(pickle.dumps(value, 2))
        file.write(body + pickle.dumps([str(index) for index in range(len(writer.storages))], 2))
        for numbers in writer.storages:
            file.write(struct.pack("<q", numbers.size) + numbers.tobytes())
    return path


class Writer:
    """Turns dicts, lists, tuples, plain values, arrays and `View`s into pickle instructions."""

    def __init__(self, legacy):
        self.legacy = legacy
        self.storages = []

    def put(self, value):
        """The instructions that leave `value` on the stack."""
        if isinstance(value, Raw):
            return bytes(value)
        if isinstance(value, np.ndarray):
            value = View(np.asarray(value, order="C"))
        if isinstance(value, View):
            return self._tensor(value)
        if isinstance(value, dict):
            items = b"".join(self.put(key) + self.put(item) for key, item in value.items())
            return b"ccollections\nOrderedDict\n)R(" + items + b"u"
        if isinstance(value, list | tuple):
            items = b"".join(map(self.put, value))
            return b"](" + items + b"e" if isinstance(value, list) else b"(" + items + b"t"
        return pickle.dumps(value, 2)[2:-1]  # without its PROTO and STOP; a memo it writes is overwritten, never read

    def _tensor(self, view):
        index = next((i for i, numbers in enumerate(self.storages) if numbers is view.numbers), len(self.storages))
        if index == len(self.storages):
            self.storages.append(view.numbers)
        reference = [self.put("storage"), b"ctorch\n" + STORAGES[view.dtype].encode() + b"\n",
                     *map(self.put, (str(index), "cpu", int(view.numbers.size)))]
        if self.legacy:
            reference.append(b"N")
        storage = b"(" + b"".join(reference) + b"tQ"
        rest = b"".join(map(self.put, (view.offset, view.size, view.stride, False)))
        return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + rest + b"ccollections\nOrderedDict\n)RtR"


def _strides(size):
    return [int(np.prod(size[axis + 1:], dtype=np.int64)) for axis in range(len(size))]
