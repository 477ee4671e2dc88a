"""`build` with `weights`: a network of the family, and what others have trained in it."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from res3d.geometry import ClipSpec
from res3d.layers.pixel_scaling import clip_of
from res3d.networks import network as networks
from res3d.pretrained.copying import copy_weights
from res3d.pretrained.finding import find, is_unpacked
from res3d.pretrained.origin import Origin, origin_from, origin_of, remember
from res3d.pretrained.preset import is_preset, load_preset
from res3d.saving import load_model
from res3d.training.workfolder import WorkFolder
from res3d.weights.formats.checkpoint import read_checkpoint
from res3d.weights.load import load_weights, published_clip
from res3d.weights.sources import recognise


def build(name: str, num_classes: int | None = None, clip: ClipSpec | None = None, *,
          weights: str | os.PathLike | None = None, input_shape: tuple[int | None, ...] | None = None,
          features: bool = False, activation: str | None = None, dropout: float | None = None, width: float = 1.0,
          depths: Iterable[int] | int | None = None, shortcut: str | None = None, stride_on: str | None = None,
          motion: str | Iterable[str] | Mapping | None = None, keep_time: bool = False,
          dtype: str | keras.DTypePolicy | None = None) -> keras.Model:
    """Builds a network of the family as a functional `keras.Model`, freshly initialised or with published weights.

    Args:
        name: str. A row of the family; `res3d.list_models()` lists them.
        num_classes: int or None. Classes of the output "logits"; None ends at the pooled features, or with `weights`
            has their classes. Another number than theirs gives a new classifier.
        clip: ClipSpec or None. With a clip the model takes uint8 RGB pixels and scales them itself; a network that sees
            pictures runs on each frame and averages over time. None and no `input_shape` is the clip that the weights
            were trained with, or else the row's published one.
        weights: str, path or None. A tag such as "kinetics400", of which `res3d weights` lists all; "SOURCE/TAG"; an
            address; a published checkpoint, `.keras` file, work folder, preset folder or unpacked `.keras` file. What
            is published is fetched once, checked, and kept in `RES3D_HOME`; `res3d.origin_of(model)` tells its labels
            and figures.
        input_shape: tuple or None. (frames, height, width, channels), or for pictures (height, width, channels): the
            model takes floats, scaled by the caller.
        features: bool. Returns the stages instead, as a dict: `stem`, `stage1` ... (SlowFast: `slow_stage1` ...). In
            height and width `stage1` to `stage4` stride by 4, 8, 16 and 32, which keras-hub calls P2 to P5;
            torchvision's `r3d_18`, `mc3_18`, `r2plus1d_18` and their kin by 2, 4, 8 and 16; MedicalNet by 4, 8, 8 and
            8; networks for CIFAR by 1, 2 and 4. Strides in time are each row's own.
        activation: str or None. After the logits; "sigmoid" for several labels a clip.
        dropout: float or None. Before the classifier; None is the row's own.
        width: float. Multiplies every width, to multiples of 8 and of the groups.
        depths: ints, int or None. Blocks in each stage; None is the row's own.
        shortcut: str or None. Another kind of shortcut, "none" for a plain network.
        stride_on: str or None. Which convolution of a bottleneck strides: "conv_a" as in He et al., 2015, and
            keras.applications; None is the row's own.
        motion: str, list of str, dict or None. What the network sees instead of `clip`'s pixels: channels of
            `res3d.networks.MotionChannels`, such as ["difference", "background"]; a dict has the layer's arguments by
            name, as {"channels": "difference", "random_sign": True}.
        keep_time: bool. Takes strides and pools out of the time axis, so that every stage has as many frames as the
            clip, as networks for long videos need; weights stay what they are. SlowFast is refused.
        dtype: str or policy. None is Keras' global policy.

    Returns: model of `(batch, *clip.shape)` uint8 to `(batch, num_classes)` float32.

    Raises:
        ValueError: for an unknown name (the nearest are offered), a clip too small for the strides, an input of another
            rank, or weights of another network.
        OSError: if the weights cannot be had; the error says what to do.

    >>> model = build("r3d_18", 5, ClipSpec(frames=8, height=32, width=32), width=0.125)
    >>> model.output_shape
    (None, 5)
    """
    options: dict[str, Any] = {
        "input_shape": input_shape, "features": features, "activation": activation, "dropout": dropout, "width": width,
        "depths": depths, "shortcut": shortcut, "stride_on": stride_on, "motion": motion,
        "keep_time": keep_time, "dtype": dtype}
    if weights is None:
        return networks.build(name, num_classes, clip, **options)
    path, row = find(weights, name)
    if path.suffix == ".keras" or path.is_dir():
        return _from_model(path, name, num_classes, clip, options)
    checkpoint = read_checkpoint(path)
    found = recognise(checkpoint)
    if clip is None and input_shape is None:
        clip = row.clip if row else published_clip(found, name)
    classes = found.classes if num_classes is None else num_classes
    model = networks.build(name, classes, clip, **options)
    whole = classes == found.classes
    load_weights(model, checkpoint, drop_head=not whole)
    row = row or found.row
    remember(model, origin_from(row, whole) if row else Origin(str(path), name, published_clip(found, name)))
    return model


def _from_model(path, name, num_classes, clip, options):
    """A network with the weights of a saved one: a `.keras` file, a work folder or an unpacked `.keras` file."""
    if path.is_dir() and not is_unpacked(path):
        path = WorkFolder(path).model_file
    preset = path.is_dir() and is_preset(path)
    saved = load_preset(path) if preset else load_model(path, compile=False)
    if clip is None and options["input_shape"] is None:
        clip = clip_of(saved)
    model = networks.build(name, saved.output_shape[-1] if num_classes is None else num_classes, clip, **options)
    copy_weights(saved, model, path)
    origin = origin_of(saved) if preset and model.output_shape == saved.output_shape else None
    remember(model, origin or Origin(str(path), name, clip))
    return model
