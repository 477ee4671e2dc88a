"""The first layer of a network: uint8 pixels to the range, mean and deviation that its weights expect."""

import keras
import numpy as np
from keras import ops

from res3d.geometry import ClipSpec
from res3d.private_keras import layers_inside


@keras.saving.register_keras_serializable("res3d")
class PixelScaling(keras.layers.Layer):
    """Scales pixels as its `ClipSpec` says, in float32 whatever the dtype policy; carries the clip into the saved file.

    Args:
        clip: ClipSpec, or its `to_dict()`. Reads `value_range`, `mean`, `std` and `channel_order`.

    Input shape: `(batch, ..., channels)`, uint8 RGB from 0 to 255; clips or pictures.
    Output shape: the same, in the layer's compute dtype.

    >>> layer = PixelScaling(ClipSpec(mean=(0.5,) * 3, std=(0.5,) * 3))
    >>> [float(v) for v in layer(np.full((1, 1, 1, 1, 3), 255, "uint8"))[0, 0, 0, 0]]
    [1.0, 1.0, 1.0]
    """

    def __init__(self, clip: ClipSpec | dict, **kwargs) -> None:
        super().__init__(**kwargs)
        self.clip = clip if isinstance(clip, ClipSpec) else ClipSpec.from_dict(clip)
        self.scale, self.shift = np.array(self.clip.pixel_scaling(), "float32")
        if len({*zip(self.scale, self.shift)}) == 1:  # one number for all channels is several times as fast
            self.scale, self.shift = self.scale[0], self.shift[0]

    def build(self, input_shape):
        if input_shape[-1] != self.clip.channels:
            raise ValueError(f"Clips of this network have {self.clip.channels} channels. "
                             f"Received an input of shape {tuple(input_shape)}.")

    def call(self, pixels):
        x = ops.cast(pixels, "float32")
        if self.clip.channel_order == "BGR":
            x = ops.flip(x, axis=-1)
        return ops.cast(self._scaled(x), self.compute_dtype)

    def _scaled(self, x):
        """`x` times the scale plus the shift, by rows of pixels where their width is known."""
        scale, shift, (*sizes, width, channels) = self.scale, self.shift, x.shape[1:]
        by_rows = scale.ndim and None not in (*sizes, width)
        if by_rows:  # numbers for each of few channels take a CPU three times as long as one for each place of a row
            scale, shift = np.tile(scale, width), np.tile(shift, width)
            x = ops.reshape(x, (-1, *sizes, width * channels))
        x = ops.add(ops.multiply(x, scale), shift)  # operators would hand a torch tensor to NumPy
        return ops.reshape(x, (-1, *sizes, width, channels)) if by_rows else x

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "clip": self.clip.to_dict()}


def clip_of(model: keras.Model) -> ClipSpec:
    """The `ClipSpec` that `model` was built for.

    Raises:
        ValueError: if the model has no pixel scaling layer, as when it was built with `input_shape`.

    >>> import res3d
    >>> clip_of(res3d.build("r3d_10", 5, ClipSpec(frames=4, height=32, width=32), width=0.125)).shape
    (4, 32, 32, 3)
    """
    for layer in layers_inside(model):
        if isinstance(layer, PixelScaling):
            return layer.clip
    raise ValueError(f"A model carries its clip in a PixelScaling layer. Received: model '{model.name}' without one. "
                     "Build it with `clip=` rather than `input_shape=`.")
