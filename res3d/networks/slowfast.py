"""SlowFast: two pathways over one clip, joined after the stem and after each stage but the last.

Layers: `slow_frames`, then per pathway `slow_stem`, `fast_stem`, `slow_pool`, `slow_stage1` ...; the lateral connection
after each is `fuse_stem`, `fuse_stage1` ... with weights `fuse_stem/conv/kernel` and `fuse_stem/norm/...`.
"""

import keras
import numpy as np
from keras import ops

from res3d.layers.arguments import positive_int
from res3d.layers.conv import ConvNorm
from res3d.layers.pooling import MaxPool
from res3d.networks.backbone import conv_options, make_stage, make_stem
from res3d.networks.classifier import WindowPool


@keras.saving.register_keras_serializable("res3d")
class SlowFrames(keras.layers.Layer):
    """The frames of the slow pathway: `frames // alpha` of them, spread from the first to the last, both included.

    Args:
        alpha: int. Frames of a clip to one of the slow pathway.

    >>> SlowFrames(4)(ops.reshape(ops.arange(16), (1, 16, 1, 1, 1)))[0, :, 0, 0, 0].numpy().tolist()
    [0, 5, 10, 15]
    """

    def __init__(self, alpha, **kwargs):
        super().__init__(**kwargs)
        self.alpha = positive_int(alpha, "alpha")

    def build(self, input_shape):
        frames = input_shape[1]
        if frames is None or frames < self.alpha or frames % self.alpha:
            raise ValueError(f"SlowFast with alpha={self.alpha} takes clips of a multiple of {self.alpha} frames. "
                             f"Received an input of shape {tuple(input_shape)}.")

    def call(self, x):
        return ops.take(x, self.picked(x.shape[1]), axis=1)

    def picked(self, frames: int) -> np.ndarray:
        """The places of the frames it takes of so many."""
        return np.linspace(0, frames - 1, frames // self.alpha).astype("int32")  # truncated, as published

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] // self.alpha, *input_shape[2:])

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha}


def slowfast_features(network, x, dtype):
    """Runs both pathways on a clip: {"slow_stem": ..., "fast_stem": ..., "slow_stage1": ...}, before their fusion."""
    pathways = {"slow": network.slow, "fast": network.fast}
    current = {"slow": SlowFrames(network.alpha, dtype=dtype, name="slow_frames")(x), "fast": x}
    features = {}
    for index in range(-1, len(network.slow.depths)):
        name = "stem" if index < 0 else f"stage{index + 1}"
        for path, part in pathways.items():
            if index < 0:
                y = make_stem(part.stem, 3, f"{path}_stem", **conv_options(part, dtype))(current[path])
                y = MaxPool(*part.stem.pool, 3, dtype=dtype, name=f"{path}_pool")(y)
            else:
                y = make_stage(part, index, dtype, prefix=f"{path}_")(current[path])
            current[path] = features[f"{path}_{name}"] = y
        if name != f"stage{len(network.slow.depths)}":
            current["slow"] = _fuse(network, name, dtype, **current)
    return features


def _fuse(network, name, dtype, slow, fast):
    """The slow features with those of the fast pathway beside them, strided down to its frames."""
    lateral = ConvNorm(fast.shape[-1] * network.fusion_ratio, (network.fusion_kernel, 1, 1),
                       (network.alpha, 1, 1), rank=3, activation="relu", name=f"fuse_{name}",
                       **conv_options(network.slow, dtype))(fast)
    return keras.layers.Concatenate(dtype=dtype, name=f"concat_{name}")([slow, lateral])


def slowfast_pooled(network, features, dtype):
    """(batch, channels): the last stage of both pathways, pooled and side by side, the slow one first."""
    last = f"stage{len(network.slow.depths)}"
    parts = [WindowPool(part.window, 3, dtype=dtype, name=f"{path}_head_pool")(features[f"{path}_{last}"])
             for path, part in (("slow", network.slow), ("fast", network.fast))]
    return keras.layers.Concatenate(dtype=dtype, name="concat_head")(parts)
