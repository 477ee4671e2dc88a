"""Models to files and back. Importing this makes every class known that a saved model of the package may name."""

import contextlib
import os
import zipfile

import h5py
import keras

from res3d.blocks import basic, bottleneck, plain, preactivation, shortcut, units
from res3d.heads import multi_label, pyramid, steps, unet
from res3d.layers import attention, conv, factorized, non_local, norm, pixel_scaling, pooling, temporal_shift
from res3d.networks import backbone, classifier, motion, slowfast
from res3d.training import losses, optimizer
from res3d.training.rates import epoch_rate, schedule

KNOWN = (attention, backbone, basic, bottleneck, classifier, conv, epoch_rate, factorized, losses, motion, multi_label,
         non_local, norm, optimizer, pixel_scaling, plain, pooling, preactivation, pyramid, schedule, shortcut,
         slowfast, steps, temporal_shift, unet, units)


_FREE, _RATIO = 2**28, 20  # bytes that a file may unpack to whatever its size, and times its size beyond them


def load_model(path: str | os.PathLike, **kwargs) -> keras.Model:
    """`keras.saving.load_model` with every layer of the package known; no `custom_objects` needed.

    Args:
        path: `.keras` file.
        **kwargs: of `keras.saving.load_model`.

    Returns: the model as it was saved; one that was built with a clip takes `(batch, *clip.shape)` uint8.

    Raises:
        ValueError: for what is no `.keras` file, or one that unpacks to many times its size.

    >>> from res3d.networks import build
    >>> build("resnet_10", 5, input_shape=(32, 32, 3), width=0.125).save("small.keras")
    >>> load_model("small.keras").output_shape
    (None, 5)
    """
    if os.path.isfile(path) and zipfile.is_zipfile(path):
        check_unpacked(path)
    return keras.saving.load_model(path, **kwargs)


def check_unpacked(path: str | os.PathLike) -> None:
    """Raises ValueError for a `.keras` file that would fill the memory: packed, or weights that only say their shape.

    Args:
        path: `.keras` file. What is damaged is left to Keras' own complaint.
    """
    most = _FREE + _RATIO * os.path.getsize(path)
    with contextlib.suppress(OSError, RuntimeError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        _check(path, sum(member.file_size for member in archive.infolist()), most)
        for name in archive.namelist():
            if name.endswith(".h5"):
                with archive.open(name) as file, h5py.File(file, "r") as weights:
                    _check(path, _held(weights), most)


def _held(weights):
    """Bytes of all arrays of an open HDF5 file, by their shapes."""
    sizes = []

    def add(_name, item):
        if isinstance(item, h5py.Dataset):
            sizes.append(item.nbytes)

    weights.visititems(add)
    return sum(sizes)


def _check(path, size, most):
    if size > most:
        raise ValueError(f"A .keras file of this size must unpack to at most {most} bytes. Received: "
                         f"'{os.fspath(path)}', which has {size}. It was made to harm, or damaged; do not open it.")
