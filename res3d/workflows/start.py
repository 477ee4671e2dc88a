"""Where training starts from: weights of another run, and which of them stay as they are."""

import math
import os
import pathlib
import zipfile

import keras
from absl import logging

from res3d.pretrained.copying import copy_weights
from res3d.pretrained.finding import find, is_unpacked
from res3d.pretrained.preset import is_preset, load_preset
from res3d.private_keras import layers_inside
from res3d.saving import load_model
from res3d.training.workfolder import WorkFolder
from res3d.weights.errors import CheckpointError
from res3d.weights.load import load_weights

STAGES = ("stem", "stage1", "stage2", "stage3", "stage4")
HEAD = "logits"


def load_start(model, source):
    """Gives `model` the weights in `source`; a head for other classes stays new.

    Args:
        model: a built network of the family.
        source: a work folder (its best model), a preset folder, here or on the hub (hf://ORG/NAME[@REVISION]), a
            `.keras` file, or published weights: a path, an address, a name such as "slow_r50", or a tag of the model's
            network such as "kinetics400".

    Returns:
        list of paths of weights that were left as they were: those of the head, or none.

    Raises:
        ValueError: if `source` is none of these or holds another network; the message has both differences.
    """
    path = pathlib.Path(source).expanduser()
    if not path.exists():
        path = _find(source, model.name)
    if path.is_dir() and is_unpacked(path):
        return copy_weights(load_preset(path) if is_preset(path) else load_model(path, compile=False), model, source)
    if path.is_dir():
        path = WorkFolder(path).model_file
    if path.suffix != ".keras":
        return _load_published(model, path)
    if not zipfile.is_zipfile(path):
        raise ValueError(f"Weights in a .keras file must be whole. Received: '{path}', which is not. Copy it again, or "
                         "start without --weights.")
    return copy_weights(load_model(path, compile=False), model, source)


def _find(source, network):
    """The file of weights that are no path."""
    try:
        return find(os.fspath(source), network)[0]
    except (FileNotFoundError, ValueError) as error:
        raise FileNotFoundError("Weights must come from a work folder, a .keras file or a PyTorch checkpoint, or be "
                                f"published. Received: '{source}', which does not exist. {error}") from error


def _load_published(model, path):
    try:
        load_weights(model, os.fspath(path))
    except CheckpointError as error:
        if "drop_head=True" not in error.reason:  # anything but another number of classes
            raise
        load_weights(model, os.fspath(path), drop_head=True)
        logging.info("weights from '%s'; new head, as its classes are others", path)
        return [variable.path for variable in model.get_layer(HEAD).weights]
    logging.info("all weights from '%s'", path)
    return []


def freeze(model, last=None, batch_norm=False):
    """Keeps the layers up to and with stage `last` as they are, and batch norms at their statistics.

    Args:
        model: a network of the family.
        last: "stem", "stage1" ... "stage4", or None for none. Frozen batch norms use their moving statistics.
        batch_norm: bool. True does that to every batch norm, whatever is trained around it.

    Returns:
        int. How many weights still train.
    """
    if last is not None:
        if last not in STAGES:
            raise ValueError(f"`start.freeze` must be one of {', '.join(STAGES)}. Received: start.freeze={last!r}.")
        frozen = STAGES[:STAGES.index(last) + 1]
        layers = [layer for layer in model.layers if layer.name.split("_")[-1].startswith(frozen)]
        if not layers:
            raise ValueError(f"`start.freeze` must name a stage of the network. Received: start.freeze={last!r}; its "
                             f"layers are {', '.join(layer.name for layer in model.layers)}.")
        for layer in layers:
            layer.trainable = False
    if batch_norm:
        for layer in layers_inside(model, include_self=False):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)
