"""`build`: a name and a clip to a Keras model."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real

import keras

from res3d.geometry import ClipSpec, check_clip
from res3d.layers.arguments import choice, fraction, positive_int, to_tuple
from res3d.layers.pixel_scaling import PixelScaling
from res3d.layers.temporal_shift import FoldFrames, UnfoldFrames
from res3d.networks.architecture import SlowFast
from res3d.networks.backbone import residual_features
from res3d.networks.classifier import PLACES, classify, pooled
from res3d.networks.motion import MotionChannels
from res3d.networks.slowfast import slowfast_features, slowfast_pooled
from res3d.networks.variants.table import variant

ACTIVATIONS = tuple(name for name in dir(keras.activations) if name.islower() and name[0] != "_"
                    and name not in ("deserialize", "get", "serialize"))


def build(name: str, num_classes: int | None = None, clip: ClipSpec | None = None, *,
          input_shape: tuple[int | None, ...] | None = None, features: bool = False, activation: str | None = None,
          dropout: float | None = None, width: float = 1.0, depths: Iterable[int] | int | None = None,
          shortcut: str | None = None, stride_on: str | None = None,
          motion: str | Iterable[str] | Mapping | None = None, keep_time: bool = False,
          dtype: str | keras.DTypePolicy | None = None) -> keras.Model:
    """Builds a network of the family as a functional `keras.Model`, freshly initialised: `res3d.build` without weights.

    Args:
        name, num_classes, clip, input_shape, features, activation, dropout, width, depths, shortcut, stride_on, motion,
            keep_time, dtype: as of `res3d.build`. Without `clip` and `input_shape` it is the row's published clip.

    Returns: model of `(batch, *clip.shape)` uint8 to `(batch, num_classes)` float32.

    Raises:
        ValueError: for an unknown name (the nearest are offered), a clip too small for the strides, or an input of
            another rank.

    >>> model = build("r3d_18", 5, ClipSpec(frames=8, height=32, width=32), width=0.125)
    >>> model.output_shape
    (None, 5)
    """
    row = variant(name)
    _check_ending(num_classes, activation, dropout)
    if isinstance(width, bool) or not isinstance(width, Real) or not 0 < width < math.inf:
        raise ValueError(f"`width` must be a number above 0. Received: width={width!r}.")
    _check_blocks(name, getattr(row.network, "slow", row.network).block, shortcut, stride_on)
    network = adjusted(row.network.scaled(width), depths, shortcut=shortcut, stride_on=stride_on)
    network = _keeping_time(name, network) if keep_time else network
    policy = keras.dtype_policies.get(dtype) if dtype is not None else keras.config.dtype_policy()
    if clip is None and input_shape is None:
        clip = row.native_clip
    check_size(name, network, clip, input_shape)
    inputs, x = _opened(clip, input_shape, policy, motion)
    frames = None
    if network.rank == 2 and len(x.shape) == 5:
        frames = x.shape[1]
        x = FoldFrames(dtype=policy, name="fold_frames")(x)
    if isinstance(network, SlowFast):
        stages = slowfast_features(network, x, policy)
    else:
        stages = residual_features(network, x, policy, frames or 0)
    if features:
        if frames:
            stages = {key: UnfoldFrames(frames, dtype=policy, name=f"{key}_frames")(y) for key, y in stages.items()}
        return keras.Model(inputs, stages, name=name)
    if isinstance(network, SlowFast):
        x = slowfast_pooled(network, stages, policy)
    else:
        x = pooled(network, stages[f"stage{len(network.depths)}"], policy)
    if frames:
        x = UnfoldFrames(frames, dtype=policy, name="unfold_frames")(x)
        x = keras.layers.GlobalAveragePooling1D(dtype=policy, name="mean_frames")(x)
    if num_classes is not None:
        dropout = network.dropout if dropout is None else dropout
        x = classify(x, int(num_classes), dropout, activation, network.head in PLACES)
    elif network.head in PLACES:
        x = keras.layers.GlobalAveragePooling1D(dtype=policy, name="mean_places")(x)
    return keras.Model(inputs, x, name=name)


def _check_blocks(name, block, shortcut, stride_on):
    """Refuses options that the blocks of the network have no use for."""
    if stride_on is not None and "bottleneck" not in block:
        kind = "plain" if block == "plain" else "basic"
        raise ValueError("`stride_on` chooses among the convolutions of bottlenecks (networks of 50 layers and more). "
                         f"Received: stride_on={stride_on!r} for {name}, whose blocks are {kind}. Leave it out.")
    if shortcut is not None and block == "plain":
        raise ValueError("`shortcut` chooses among those of residual networks. "
                         f"Received: shortcut={shortcut!r} for {name}, which has none. Leave it out.")


def _keeping_time(name, network):
    """`network` with as many frames in its last stage as in its clip; refuses one that is made to have fewer."""
    if isinstance(network, SlowFast):
        raise ValueError(f"`keep_time` takes the strides out of the time axis, but {name} is made to see every "
                         f"{network.alpha}th frame in its slow pathway. Use a network of one pathway, such as "
                         "slow_r50 or r2plus1d_18.")
    return network.keeping_time()


def _check_ending(num_classes, activation, dropout):
    """Refuses what a classifier cannot be made of."""
    if num_classes is not None:
        positive_int(num_classes, "num_classes")
    try:
        keras.activations.get(activation)
    except ValueError:
        choice(activation, ACTIVATIONS, "activation")
    if dropout is not None:
        fraction(dropout, "dropout")


def _opened(clip, input_shape, policy, motion):
    """(input of the model, what the network sees): pixels scaled, motion made of them, or floats as they come."""
    if clip is None:
        if motion is not None:
            raise ValueError("`motion` counts in levels of pixels: give `clip` rather than `input_shape`. "
                             f"Received: motion={motion!r}, input_shape={input_shape!r}.")
        inputs = keras.Input(input_shape, dtype=policy.compute_dtype, name="clip")
        return inputs, inputs
    inputs = keras.Input(clip.shape, dtype="uint8", name="clip")
    if motion is None:
        return inputs, PixelScaling(clip, dtype=policy, name="pixels")(inputs)
    options = dict(motion) if isinstance(motion, Mapping) else {"channels": motion}
    scale, _ = clip.pixel_scaling()
    layer = MotionChannels(**options, scale=scale, channel_order=clip.channel_order, dtype=policy, name="motion")
    return inputs, layer(PixelScaling(clip, dtype="float32", name="pixels")(inputs))  # half precision rounds pixels


def adjusted(network, depths=None, **options):
    """`network` with other depths or block options, in both pathways if it has two; None changes nothing."""
    if isinstance(network, SlowFast):
        return dataclasses.replace(network, slow=adjusted(network.slow, depths, **options),
                                   fast=adjusted(network.fast, depths, **options))
    given = {key: value for key, value in options.items() if value is not None}
    if isinstance(depths, Iterable) and not isinstance(depths, str):
        depths = tuple(depths)
    depths = network.depths if depths is None else to_tuple(depths, len(network.depths), "depths")
    return dataclasses.replace(network, depths=depths, options={**network.options, **given})


def check_size(name, network, clip, input_shape):
    """Refuses a clip or an input shape that `network` cannot see, by its rank or by its size."""
    if clip is not None and input_shape is not None:
        raise ValueError("Give `clip` (uint8 pixels, scaled inside) or `input_shape` (floats), not both. "
                         f"Received: clip={clip!r}, input_shape={input_shape!r}.")
    if clip is not None:
        input_shape = check_clip(clip).shape
    shape = tuple(input_shape) if isinstance(input_shape, Iterable) else ()
    ranks = (3, 4) if network.rank == 2 and not network.sees_neighbours else (4,)
    if len(shape) not in ranks:
        wanted = " or ".join({3: "(height, width, channels)", 4: "(frames, height, width, channels)"}[n] for n in ranks)
        raise ValueError(f"{name} takes `input_shape` {wanted}. Received: input_shape={input_shape!r}.")
    if shape[-1] is None:
        raise ValueError(f"`input_shape` must end in a known channel count. Received: input_shape={input_shape!r}.")
    if any(size is not None and (not isinstance(size, Integral) or size < 1) for size in shape):
        raise ValueError("`input_shape` must be of positive ints, or None where a size is open. "
                         f"Received: input_shape={input_shape!r}.")
    if network.rank == 2 and len(shape) == 4 and shape[0] is None:
        raise ValueError(f"{name} sees pictures and needs to know how many of them are a clip. "
                         f"Received: input_shape={input_shape!r}. Give the number of frames.")
    least, sizes = network.smallest_input(), shape[-1 - network.rank:-1]
    if any(size is not None and size < minimum for size, minimum in zip(sizes, least)):
        wanted = "x".join(map(str, least[-2:])) + " pixels" + (f" and {least[0]} frames" if len(least) == 3 else "")
        arrived = "x".join(map(str, sizes[-2:])) + " pixels" + (f" and {sizes[0]} frames" if len(least) == 3 else "")
        raise ValueError(f"The strides of {name} need at least {wanted}. Received: {arrived}. "
                         "Use a larger clip, or a network that strides less.")
