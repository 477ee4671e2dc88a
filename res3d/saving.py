"""Models to files and back. Importing this makes every class known that a saved model of the package may name."""

import os

import keras

from res3d.blocks import basic, bottleneck, preactivation, shortcut, units
from res3d.heads import multi_label, pyramid, unet
from res3d.layers import attention, conv, factorized, non_local, norm, pixel_scaling, pooling, temporal_shift
from res3d.networks import backbone, classifier, slowfast
from res3d.training import losses, optimizer, schedule

KNOWN = (attention, backbone, basic, bottleneck, classifier, conv, factorized, losses, multi_label, non_local, norm,
         optimizer, pixel_scaling, pooling, preactivation, pyramid, schedule, shortcut, slowfast, temporal_shift, unet,
         units)


def load_model(path: str | os.PathLike, **kwargs) -> keras.Model:
    """`keras.saving.load_model` with every layer of the package known; no `custom_objects` needed.

    Args:
        path: `.keras` file.
        **kwargs: of `keras.saving.load_model`.

    Returns: the model as it was saved; one that was built with a clip takes `(batch, *clip.shape)` uint8.

    Raises:
        ValueError: for what is no `.keras` file.

    >>> from res3d.networks import build
    >>> build("resnet_10", 5, input_shape=(32, 32, 3), width=0.125).save("small.keras")
    >>> load_model("small.keras").output_shape
    (None, 5)
    """
    return keras.saving.load_model(path, **kwargs)
