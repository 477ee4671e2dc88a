"""Weights from a file into a network, and a network from a file alone."""

import dataclasses
import os

import keras
import numpy as np
from absl import logging

from res3d.geometry import preset
from res3d.layers.arguments import choice
from res3d.layers.pixel_scaling import clip_of
from res3d.networks.network import build
from res3d.networks.variants.table import VARIANTS, variant
from res3d.weights import fit as fitting
from res3d.weights.errors import CheckpointError, UnfitError
from res3d.weights.formats.checkpoint import Checkpoint, read_checkpoint
from res3d.weights.published.rename import convert
from res3d.weights.sources import find_source, recognise, state_dict, trained_clip

HEAD = ("logits/kernel", "logits/bias")
SCALING = ("mean", "std", "value_range", "channel_order")
SHOWN = 20  # names of each difference that an error lists


@dataclasses.dataclass(frozen=True)
class Loaded:
    """What `load_weights` did: the source, how many weights it set, the names in the file that are no part of it."""

    source: str
    count: int
    left: tuple[str, ...] = ()


def load_weights(model: keras.Model, path: str | os.PathLike | Checkpoint, source: str | None = None,
                 drop_head: bool = False, inflate: str | None = None) -> Loaded:
    """Loads a published checkpoint into `model`, without torch.

    Args:
        model: keras.Model of `res3d.build`.
        path: `.pth`, `.pt`, `.pyth`, `.pkl` or `.safetensors` file; the content decides, not the name. Or a Checkpoint,
            such as `res3d.weights.read_checkpoint` makes.
        source: str or None. Whose names the file has (a name of `res3d.weights.sources.SOURCES`); None finds out.
        drop_head: bool. Leaves the classifier as it is, for a model with other classes.
        inflate: "centre", "mean" or None. Puts the kernels of a 2D file into a 3D model, at the middle tap in time or
            spread over all.

    Returns: Loaded.

    Raises:
        CheckpointError: a ValueError, if the file cannot be read or does not fit; both differences are listed, name by
            name.
        ValueError: for what is no model, or another `inflate`.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"`model` must be a keras.Model, such as res3d.build makes. Received: model={model!r}.")
    checkpoint = path if isinstance(path, Checkpoint) else read_checkpoint(path)
    path = checkpoint.path
    module = find_source(checkpoint, source)
    tensors, left = state_dict(checkpoint, module)
    try:
        arrays, origins, unknown = convert(tensors, module.rules({name: t.shape for name, t in tensors.items()}))
    except (KeyError, ValueError) as error:
        raise CheckpointError(path, f"its names are not those of one {module.NAME} network ({error}).") from error
    try:
        count = assign(model, fitting.seen_as_motion(arrays, model), path, drop_head, inflate, origins, unknown)
    except UnfitError as error:
        raise UnfitError(path, f"{error.reason}\n{_what_it_is(model, checkpoint, source)}") from error
    found = recognise(checkpoint, module.NAME)
    _compare_scaling(model, checkpoint, found)
    if not inflate:
        _compare_networks(model, path, found)
    if left:
        logging.info("%s: left %d tensors that are no part of the network, such as %s", checkpoint.path, len(left),
                     left[0])
    return Loaded(module.NAME, count, left)


def assign(model, arrays, path, drop_head=False, inflate=None, origins=None, unknown=()):
    """Sets every weight of `model` from `arrays` by path, all or none; returns how many.

    Raises:
        CheckpointError: unless every weight finds an array of its shape and every array a weight; an UnfitError where
            that is more than one thing to be changed.
        ValueError: for another `inflate`.
    """
    choice(inflate, (None, *fitting.INFLATIONS), "inflate")
    origins = origins or {}
    weights = {weight.path: weight for weight in model.weights if not weight.path.startswith("seed_generator")
               and "/seed_generator" not in weight.path}
    for folded in fitting.fold_shortcut_norms(arrays, weights):
        logging.debug("folded %s into its neighbours: the network has no norm there", folded)
    if drop_head or HEAD[0] not in weights:
        arrays = {name: array for name, array in arrays.items() if name not in HEAD}
        weights = {name: weight for name, weight in weights.items() if name not in HEAD}
    fitted = {name: fitting.fit(arrays[name], tuple(weight.shape), inflate) for name, weight in weights.items()
              if name in arrays}
    wrong = [name for name, array in fitted.items() if array is None]
    missing = [name for name in weights if name not in arrays]
    extra = [origins.get(name, name) for name in arrays if name not in weights] + list(unknown)
    if wrong or missing or extra:
        shapes = {name: (arrays[name].shape, tuple(weights[name].shape)) for name in wrong}
        cause = None if missing or extra else one_cause(model.name, shapes)
        if cause:
            raise CheckpointError(path, cause)
        raise UnfitError(path, differences(model.name, shapes, missing, extra, origins))
    for name, array in fitted.items():
        weights[name].assign(np.asarray(array, np.float32))
    return len(fitted)


def one_cause(model, wrong):
    """The one sentence that explains all `wrong` shapes, {our path: (theirs, ours)}, or None where none does."""
    if set(wrong) <= set(HEAD):
        theirs, ours = (wrong.get(HEAD[1]) or [(n[-1],) for n in wrong[HEAD[0]]])
        return (f"its classifier has {theirs[-1]} classes and the model '{model}' has {ours[-1]}. Pass "
                f"drop_head=True to load all but the classifier, or build with num_classes={theirs[-1]}.")
    theirs, ours = next(iter(wrong.values()))
    if all(name.startswith(("stem/", "slow_stem/", "fast_stem/")) for name in wrong) and (
            theirs[:-2] == ours[:-2] and theirs[-1] == ours[-1]):
        return (f"it was trained on clips of {theirs[-2]} channels and the model '{model}' takes {ours[-2]}. Build "
                f"the model with a clip of channels={theirs[-2]}.")
    if all(len(theirs) == 4 and len(ours) == 5 for theirs, ours in wrong.values()):
        return (f"it holds a 2D network and the model '{model}' is 3D. Pass inflate='centre' or inflate='mean' "
                "(--inflate) to spread its kernels over time.")
    return None


def differences(model, wrong, missing, extra, origins):
    """The text of a mismatch: both differences, name by name."""
    lines = [f"it does not fit the model '{model}'."]
    differing = [f"{origins.get(name, name)} {theirs} for {name} {ours}" for name, (theirs, ours) in wrong.items()]
    for title, names in (("in the model, not in the file", missing), ("in the file, not in the model", extra),
                         ("of another shape", differing)):
        if names:
            more = f"\n    ... and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            lines.append(f"  {title} ({len(names)}):" + "".join(f"\n    {name}" for name in names[:SHOWN]) + more)
    return "\n".join(lines)


def _what_it_is(model, checkpoint, source):
    """What to do about a file that does not fit, by what its tensors say it holds."""
    found = recognise(checkpoint, source)
    if found.candidates:
        return f"The file holds {' or '.join(found.candidates)}, which no tensor tells apart: build one of these."
    if found.model is None:
        return "The file's layout is that of none of the networks known here; res3d.list_models() lists them."
    if found.model == model.name:
        return (f"The file is named and built like '{found.model}' but for these. Build the model with the options "
                "that the file was trained with (width, depths, shortcut, motion), or get the file again.")
    return f"The file holds '{found.model}': build that, or give the model's name (--model={found.model})."


def import_model(path, name=None, source=None, clip=None, num_classes=None, inflate=None):
    """Builds the network that a checkpoint holds and loads it: a model that takes uint8 clips as the file's makers did.

    Args:
        path: a checkpoint, as for `load_weights`.
        name: str or None. A row of the family, where the file does not say which.
        source: str or None. As for `load_weights`.
        clip: ClipSpec, preset name or None. The model's input; None is what the file was trained with.
        num_classes: int or None. Another number of classes drops the classifier; None keeps the file's.
        inflate: as for `load_weights`.

    Returns: (keras.Model, Recognised).
    """
    checkpoint = read_checkpoint(path)
    found = recognise(checkpoint, source)
    if name is None and found.candidates:
        raise CheckpointError(path, f"its tensors fit {' and '.join(found.candidates)}, which differ in what no tensor "
                                    f"shows. Say which one it is: --model={found.candidates[0]}.")
    if name is None and found.model is None:
        raise CheckpointError(path, f"it has the names of {found.source} and the layout of none of its networks known "
                                    "here. Give the model's name (--model); res3d.list_models() lists all.")
    clip = preset(clip) if isinstance(clip, str) else clip
    if clip is None:
        clip = published_clip(found, name, pixels=bool(inflate))
    classes = found.classes if num_classes is None else num_classes
    model = build(name or found.model, classes, clip)
    load_weights(model, checkpoint, source, drop_head=classes != found.classes, inflate=inflate)
    return model, dataclasses.replace(found, model=name or found.model, clip=clip)


def published_clip(found, name=None, pixels=False):
    """The clip that a recognised file was trained with, or that of the network `name` where it holds another.

    With `pixels` the latter scales its pixels as the file's makers did: the geometry of clips, the pixels of pictures.
    """
    published = trained_clip(found)
    if published and name in (None, found.model):
        return published
    clip = variant(name).native_clip
    if pixels and published:
        clip = clip.replace(**{field: getattr(published, field) for field in SCALING})
    return clip


def _compare_networks(model, path, found):
    """Says so when a file that fits is of another network: some differ in what no tensor shows."""
    if model.name in VARIANTS and model.name not in (found.model or model.name, *found.candidates):
        logging.warning("%s holds %s by its names and shapes, and was loaded into %s, which has the same tensors: "
                        "strides, pools or clips of the two differ", path, found.model, model.name)


def _compare_scaling(model, checkpoint, found):
    """Says so when a model scales its pixels otherwise than the file's makers did: nothing else would."""
    try:
        ours = clip_of(model)
    except ValueError:
        return
    theirs = trained_clip(found)
    if theirs is None or ours.channels != theirs.channels:
        return
    if any(getattr(ours, field) != getattr(theirs, field) for field in SCALING):
        logging.warning("%s was trained with %s; the model scales with %s", checkpoint.path,
                        {field: getattr(theirs, field) for field in SCALING},
                        {field: getattr(ours, field) for field in SCALING})
