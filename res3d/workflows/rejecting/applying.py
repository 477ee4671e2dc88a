"""What a run has chosen for its answers, and a network whose scores are those chances."""

import functools
import os

import keras
from absl import logging

from res3d import ending
from res3d.evaluation.rejection import Rejection
from res3d.weights.store.digests import digest_of


def rejection_of(folder, file):
    """The `Rejection` that the `WorkFolder` of a run has for one of its networks, or None.

    One of an earlier network, before training went on, is passed over and said.
    """
    if not folder.rejection_file.is_file():
        return None
    own = str(folder) if file == folder.model_file else None
    return _fitting(folder.rejection_file, file, own, _state(folder.rejection_file), _state(file))


@functools.lru_cache(maxsize=8)  # who loads a network asks twice: for its temperature, and for its threshold
def _fitting(rejection_file, file, own, *_states):
    found = Rejection.load(rejection_file)
    if found.model == digest_of(file):
        return found
    if own is not None:
        logging.warning("'%s' is of another network than '%s' and is not used: res3d evaluate --workdir=%s --calibrate "
                        "writes it anew", rejection_file, file, own)
    return None


def _state(file):
    """What tells a file from the same one written anew."""
    found = os.stat(file)
    return found.st_ino, found.st_size, found.st_mtime_ns


def cool(model, temperature):
    """Divides the logits of a model by `temperature`, in its last dense layer: whatever is made of it answers alike.

    Raises:
        ValueError: for a model that does not end in such a layer.
    """
    last = next((layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.Dense)), None)
    if last is None or ending.read(model) != ending.LOGITS:
        raise ValueError("A temperature is put into the last dense layer of a network that gives logits. Received: "
                         f"'{model.name}', which does not end in one.")
    for variable in (last.kernel, last.bias):
        if variable is not None:
            variable.assign(variable / temperature)
    return model
