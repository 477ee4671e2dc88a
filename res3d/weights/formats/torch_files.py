"""The two layouts of torch.save, read here because torch, gigabytes to install, runs what a file asks for.

A zip archive (torch 1.6 and later) or a run of pickles (before).
"""

import errno
import io
import math
import os
import pickle
import re
import struct
import zipfile
import zlib

from res3d.weights.errors import CheckpointError
from res3d.weights.formats import dtypes
from res3d.weights.formats.tensors import Storage, Tensor
from res3d.weights.formats.unpickle import Array, RefusedError, Unpickler

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
SHARING = 16  # how many times the tensors may be as large as the file: tied weights double it at most
# What the pickle machine raises on bytes that are not a pickle, or not a whole one.
DAMAGE = (pickle.UnpicklingError, EOFError, struct.error, ValueError, TypeError, KeyError, IndexError, AttributeError,
          OverflowError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error)


def guard(path, step):
    """Runs `step`; whatever a hostile or broken file makes it raise becomes one CheckpointError."""
    try:
        return step()
    except CheckpointError:
        raise
    except RefusedError as refused:
        raise CheckpointError(
            path, f"refused to load {refused}: a checkpoint may hold tensors and plain containers, nothing that runs "
                  "code. If you trust the file, open it with torch and save its state dict alone.") from None
    except (OSError, *DAMAGE) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a seek to where a broken index points
            raise
        raise CheckpointError(path, f"the file is damaged or truncated ({type(error).__name__}: {error}). "
                                    "Download it again and compare its size and hash.") from error


def read_zip(path):
    """What torch.save wrote in the zip layout, tensors as numpy arrays."""
    return guard(path, lambda: _read_zip(path))


def read_legacy(path):
    """What torch.save wrote before torch 1.6, tensors as numpy arrays. A plain pickle of arrays is read too."""
    return guard(path, lambda: _read_legacy(path))


def _read_zip(path):
    with zipfile.ZipFile(path) as archive:
        records = {info.filename: info for info in archive.infolist()}
        _check_records(path, records)
        roots = [name[:-len("data.pkl")] for name in records if re.fullmatch(r"([^/]+/)?data\.pkl", name)]
        if not roots:
            raise CheckpointError(path, f"expected a record data.pkl, as torch.save writes; the archive holds "
                                        f"{', '.join(sorted(records)[:5]) or 'nothing'}.")
        root = roots[0]
        if any(name.startswith(f"{root}code/") for name in records):
            raise CheckpointError(path, "it is a TorchScript program, not a checkpoint. Save its state dict instead.")
        order = archive.read(f"{root}byteorder").strip() if f"{root}byteorder" in records else b"little"
        storages = {}

        def find_storage(dtype, key, count, view):
            if key not in storages:
                storages[key] = Storage(dtype, key, count)
            return storages[key]

        file = io.BytesIO(archive.read(f"{root}data.pkl"))
        content = Unpickler(file, find_storage, encoding="utf-8").load()

        def fill(storage):
            data = archive.read(f"{root}data/{storage.key}")
            _check_size(path, storage, len(data))
            return dtypes.decode(data, storage.dtype, order == b"little")

        return to_numpy(path, content, fill)


def _check_records(path, records):
    packed = [name for name, info in records.items() if info.compress_type != zipfile.ZIP_STORED]
    if packed:
        raise CheckpointError(path, f"torch stores records as they are, but {packed[0]!r} is compressed. Unpack the "
                                    "archive and load the checkpoint inside it.")
    total, size = sum(info.file_size for info in records.values()), os.path.getsize(path)
    if total > size:
        raise CheckpointError(path, f"its records claim {total} bytes in a file of {size}: they overlap, as no "
                                    "checkpoint's do.")


def _check_size(path, storage, received):
    expected = storage.count * dtypes.itemsize(storage.dtype) if isinstance(storage.count, int) else -1
    if expected < 0 or received < expected:
        raise CheckpointError(path, f"storage {storage.key} must hold {storage.count} numbers of {storage.dtype} "
                                    f"({expected} bytes) but the file has {received} bytes of it. It is truncated: "
                                    "download it again.")


def _read_legacy(path):
    with open(path, "rb") as file:
        first = Unpickler(file).load()
        if first != LEGACY_MAGIC:
            return to_numpy(path, first, None)  # a plain pickle, as Caffe2's model zoos are
        protocol = Unpickler(file).load()
        if protocol != LEGACY_PROTOCOL:
            raise CheckpointError(path, f"expected protocol {LEGACY_PROTOCOL}, the one torch has written since 0.1.10; "
                                        f"the file says {protocol!r}. Save it again with a newer torch.")
        system = Unpickler(file).load()
        storages, views = {}, {}

        def find_storage(dtype, key, count, view):
            base = storages.setdefault(key, Storage(dtype, key, count))
            if view is None:
                return base
            name, offset, length = view
            return views.setdefault(name, Storage(dtype, key, length, offset=offset, base=base))

        content = Unpickler(file, find_storage).load()
        for key in Unpickler(file).load():
            if key not in storages:
                raise CheckpointError(path, f"it lists a storage {key!r} that no tensor names. Download it again.")
            storage = storages[key]
            count = int.from_bytes(file.read(8), "little")
            expected = count * dtypes.itemsize(storage.dtype)
            left = os.path.getsize(path) - file.tell()
            _check_size(path, storage, min(left, expected))
            storage.values = dtypes.decode(file.read(expected), storage.dtype, system.get("little_endian", True))
        return to_numpy(path, content, None)


def to_numpy(path, content, fill):
    """`content` with each tensor an array; `fill(storage)` reads a storage when the first of its tensors is met."""
    known, left = {}, [SHARING * os.path.getsize(path)]

    def array(tensor):
        if id(tensor) not in known:
            storage = tensor.storage if tensor.storage.base is None else tensor.storage.base
            if storage.values is None:
                if fill is None:
                    raise ValueError(f"storage {storage.key} has no numbers in the file")
                storage.values = fill(storage)
            left[0] -= math.prod(tensor.size) * storage.values.itemsize
            if left[0] < 0:
                raise CheckpointError(path, f"its tensors are more than {SHARING} times as large as the file: they "
                                            "view the same numbers over and over, as no checkpoint's do.")
            known[id(tensor)] = tensor.to_numpy()
        return known[id(tensor)]

    def walk(value):
        if isinstance(value, Tensor):
            return array(value)
        if isinstance(value, Array):
            return value.values
        if not isinstance(value, dict | list | tuple):
            return value
        if id(value) not in known:
            known[id(value)] = None  # a container inside itself is dropped rather than followed for ever
            if isinstance(value, dict):
                known[id(value)] = {key: walk(item) for key, item in value.items()}
            else:
                known[id(value)] = [walk(item) for item in value]
        return known[id(value)]

    return walk(content)
