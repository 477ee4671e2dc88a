"""Whose file it is and which network it holds, from the names and shapes of its tensors."""

import dataclasses
import os
import pathlib

from res3d.networks.variants.table import VARIANTS
from res3d.weights.catalogue.row import Published
from res3d.weights.catalogue.table import published
from res3d.weights.errors import CheckpointError
from res3d.weights.formats.checkpoint import Checkpoint, read_checkpoint
from res3d.weights.published import kenshohara, mmaction2, pyslowfast, pytorchvideo, torchvision, vmz
from res3d.weights.store.places import place

# In this order: a file is the first source's that knows it.
SOURCES = {source.NAME: source for source in (pytorchvideo, pyslowfast, mmaction2, vmz, torchvision, kenshohara)}


@dataclasses.dataclass(frozen=True)
class Recognised:
    """What a file of weights is.

    Attributes:
        source: str. A name of `SOURCES`.
        model: str or None. The row of the family it fits; None when its layout is none of them.
        clip: str, ClipSpec or None. The preprocessing it was trained with; None is the row's own.
        classes: int or None. Outputs of its classifier, if it has one.
        row: Published or None. The row of the table of published checkpoints that has its file name, classes and
            tensors: network and clip are then the row's.
    """

    source: str
    model: str | None
    clip: object
    classes: int | None
    row: Published | None = None


def recognise(checkpoint: Checkpoint | str | os.PathLike, source: str | None = None) -> Recognised:
    """Whose checkpoint this is, and of which network.

    Args:
        checkpoint: Checkpoint, or a path to read one from.
        source: str or None. A name of `SOURCES`, to be believed rather than found out.

    Raises:
        CheckpointError: when no source knows the names; some of them are shown.
        ValueError: for an unknown `source`.
    """
    checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else read_checkpoint(checkpoint)
    module = find_source(checkpoint, source)
    shapes = {name: array.shape for name, array in state_dict(checkpoint, module).items()}
    hint = f"{checkpoint.prefix} {os.path.basename(checkpoint.path)} {checkpoint.facts.get('arch', '')}"
    try:
        model = module.model_of(shapes, hint)
    except (KeyError, IndexError, ValueError):  # named like this source's, and not built like any of its networks
        model = None
    if model not in VARIANTS:  # a depth, say, that was published elsewhere and is no row here
        model = None
    head = next((array for array in reversed(checkpoint.tensors.values()) if array.ndim == 2), None)
    classes = None if head is None else head.shape[0]
    row = _published(checkpoint.path, model, classes)
    if row is not None:
        return Recognised(module.NAME, row.network, row.clip, classes, row)
    return Recognised(module.NAME, model, module.clip_preset(model, shapes, hint) if model else None, classes)


def _published(path, model, classes):
    """The row of the table that a file is: by its place on this machine, or by its name; of the tensors of `model`.

    Names repeat: pytorchvideo's folders for three data sets hold files of one name, which their classes tell apart.
    """
    if model is None:
        return None
    rows = [row for row in published() if row.classes == classes and place(row.address).file.name ==
            os.path.basename(path) and VARIANTS[row.network].params == VARIANTS[model].params]
    here = [row for row in rows if place(row.address).file == pathlib.Path(path)]
    return next(iter(here or rows), None)


def find_source(checkpoint, source=None):
    """The module of `source`, or of the source that knows the checkpoint's names."""
    if source is not None:
        if source not in SOURCES:
            raise ValueError(f"`source` must be one of {', '.join(SOURCES)}. Received: source={source!r}.")
        return SOURCES[source]
    shapes = {name: array.shape for name, array in checkpoint.tensors.items()}
    for module in SOURCES.values():
        if module.recognises(shapes):
            return module
    sample = ", ".join(list(shapes)[:4])
    raise CheckpointError(checkpoint.path, f"expected the names of {', '.join(SOURCES)}; the file's are like {sample}. "
                                           "Give `source` if they are one of these in disguise.")


def state_dict(checkpoint, module):
    """The checkpoint's tensors under the names that `module`'s rules are written for."""
    if module is pyslowfast and pyslowfast.is_caffe2(checkpoint.tensors):
        return pyslowfast.from_caffe2(checkpoint.tensors)
    return checkpoint.tensors
