"""Whose file it is and which network it holds, from the names and shapes of its tensors."""

import dataclasses
import os
import pathlib

from res3d.geometry import ClipSpec, preset
from res3d.networks.variants.table import VARIANTS
from res3d.weights.catalogue.row import Published
from res3d.weights.catalogue.table import published
from res3d.weights.errors import CheckpointError
from res3d.weights.formats.checkpoint import Checkpoint, read_checkpoint
from res3d.weights.published import kenshohara, mmaction2, pyslowfast, pytorchvideo, timm
from res3d.weights.published.like_torchvision import i3resnet, ibm, medicalnet, roots, torchvision, tsm, vmz
from res3d.weights.published.rename import rename
from res3d.weights.store.places import file_of, place

# In this order: a file is the first source's that knows it.
SOURCES = {source.NAME: source for source in (pytorchvideo, pyslowfast, mmaction2, vmz, medicalnet, i3resnet, ibm,
                                              tsm, timm, torchvision, kenshohara)}

COMMON = ("model", "pytorch_model", "checkpoint", "file")  # names of files that say nothing of what is in them


@dataclasses.dataclass(frozen=True)
class Recognised:
    """What a file of weights is.

    Attributes:
        source: str. A name of `SOURCES`.
        model: str or None. The row of the family it fits; None when its layout is none of them.
        clip: str, ClipSpec or None. The preprocessing it was trained with; None is the row's own.
        classes: int or None. Outputs of its classifier, if it has one.
        candidates: rows whose tensors are the same, where nothing tells which of them it is; `model` is None then.
        row: Published or None. The row of the table of published checkpoints that has its file name, classes and
            tensors: network and clip are then the row's.
    """

    source: str
    model: str | None
    clip: str | ClipSpec | None
    classes: int | None
    candidates: tuple[str, ...] = ()
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
    tensors, _ = state_dict(checkpoint, module)
    shapes = {name: array.shape for name, array in tensors.items()}
    prefix = checkpoint.prefix + (roots.root(checkpoint.tensors) or "")
    hint = f"{prefix} {os.path.basename(checkpoint.path)} {checkpoint.facts.get('arch', '')}"
    written = _written(checkpoint)
    model, candidates = _model_of(module, shapes, hint, written)
    classes = _classes(tensors, module.rules(shapes))
    row = _published(checkpoint.path, model, classes)
    if row is not None:
        return Recognised(module.NAME, row.network, row.clip, classes, row=row)
    clip = ClipSpec.from_json(str(checkpoint.facts["clip"])) if written and "clip" in checkpoint.facts else None
    if clip is None and model:
        clip = module.clip_preset(model, shapes, hint)
    return Recognised(module.NAME, model, clip, classes, candidates)


def trained_clip(found: Recognised) -> ClipSpec | None:
    """The clip that a file was trained with, or None where its network is not known."""
    if found.clip is None:
        return VARIANTS[found.model].native_clip if found.model else None
    return preset(found.clip) if isinstance(found.clip, str) else found.clip


def _model_of(module, shapes, hint, written):
    """(row that tensors of these shapes are of, or None; rows that they may be of, where nothing tells which)."""
    try:
        model = module.model_of(shapes, hint)
    except (KeyError, IndexError, ValueError):  # named like this source's, and not built like any of its networks
        model = None
    candidates = tuple(name for name in model if name in VARIANTS) if isinstance(model, tuple) else ()
    if len(candidates) == 1:
        model, candidates = candidates[0], ()
    if model not in VARIANTS:  # a depth, say, that was published elsewhere and is no row here
        model = None
    alike = written in candidates or model is None or VARIANTS[model].params == VARIANTS[written or model].params
    return (written, ()) if written and alike else (model, candidates)


def _written(checkpoint):
    """The row that a file of `write_layout` says it is of: tensors alone do not tell every row from every other."""
    arch = checkpoint.facts.get("arch")
    return arch if checkpoint.facts.get("layout") in SOURCES and arch in VARIANTS else None


def _classes(tensors, rules):
    """Outputs of the classifier among `tensors`, or None without one."""
    heads = [array.shape[0] for name, array in tensors.items()
             if name.endswith(".weight") and rename(name.removesuffix(".weight"), rules) == "logits"]
    return heads[0] if heads else None


def _published(path, model, classes):
    """The row of the table that a file is: by its place on this machine, or by its name; of the tensors of `model`.

    Names repeat: pytorchvideo's folders for three data sets hold files of one name, which their classes tell apart.
    """
    if model is None:
        return None
    rows = [row for row in published() if row.classes == classes and file_of(row.address) == os.path.basename(path)
            and VARIANTS[row.network].params == VARIANTS[model].params]
    here = [row for row in rows if place(row.address).file == pathlib.Path(path)]
    telling = os.path.splitext(os.path.basename(path))[0] not in COMMON
    return next(iter(here or (rows if telling else ())), None)


def find_source(checkpoint, source=None):
    """The module of `source`, or of the source that knows the checkpoint's names."""
    if source is not None:
        if source not in SOURCES:
            raise ValueError(f"`source` must be one of {', '.join(SOURCES)}. Received: source={source!r}.")
        return SOURCES[source]
    if checkpoint.facts.get("layout") in SOURCES:  # as `write_layout` says it
        return SOURCES[checkpoint.facts["layout"]]
    shapes = {name: array.shape for name, array in checkpoint.tensors.items()}
    for module in SOURCES.values():
        if module.recognises(shapes):
            return module
    sample = ", ".join(list(shapes)[:4])
    raise CheckpointError(checkpoint.path, f"expected the names of {', '.join(SOURCES)}; the file's are like {sample}. "
                                           "Give `source` if they are one of these in disguise.")


def state_dict(checkpoint, module):
    """(tensors under the names that `module`'s rules are written for, names of tensors that are no part of a network).

    A source whose networks lie inside larger ones, or have names of their own first, has a function `inside` for this.
    """
    return module.inside(checkpoint.tensors) if hasattr(module, "inside") else (checkpoint.tensors, ())
