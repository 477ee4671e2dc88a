"""What a run has chosen for its answers, and a network whose scores are those chances."""

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
    found = Rejection.load(folder.rejection_file)
    if found.model == digest_of(file):
        return found
    if file == folder.model_file:
        logging.warning("'%s' is of another network than '%s' and is not used: res3d evaluate --workdir=%s --calibrate "
                        "writes it anew", folder.rejection_file, file, folder)
    return None


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
