"""The same network for clips of another size: more pixels at test time than in training, or a whole video at once."""

import copy

import keras

from res3d.layers.pixel_scaling import clip_of


def at_shape(model, clip, frames=True):
    """`model` with its weights, for clips of another height and width, or of any number of frames.

    Args:
        model: a functional network of the family, convolutional up to a pooling over all positions.
        clip: `ClipSpec` of what it shall take.
        frames: bool. False leaves the number of frames open.

    Returns:
        `model` itself where nothing differs, otherwise a copy of the network with copies of the weights.

    Raises:
        ValueError: if the network has weights that depend on the size.
    """
    shape = (None, clip.frames if frames else None, *clip.shape[1:])
    if tuple(model.input_shape) == shape:
        return model
    config = copy.deepcopy(model.get_config())
    for layer in config["layers"]:
        if layer["class_name"] == "InputLayer":
            layer["config"]["batch_shape"] = shape
        elif layer["class_name"] == "PixelScaling":
            layer["config"]["clip"] = clip.to_dict()
        layer.pop("build_config", None)
    try:
        other = type(model).from_config(config)
        other.set_weights(model.get_weights())
    except (ValueError, TypeError) as error:
        raise ValueError(f"'{model.name}' takes clips of shape {clip_of(model).shape} and must be rebuilt for "
                         f"{shape[1:]}, which it does not allow ({str(error).splitlines()[0]}). Choose a protocol that "
                         "keeps the size of its clips.") from None
    return other


def without_xla(model):
    """Tells Keras not to compile the model with XLA where the backend has another way: it is slower on a CPU."""
    if keras.backend.backend() != "jax":
        model.jit_compile = False
    return model
