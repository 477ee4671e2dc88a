"""Weights and clips from arithmetic alone, the same on any machine: what the goldens were made of and are tested with.

A number depends on the name and shape of its tensor and on nothing else, so that no weights need to be stored. Scales
keep activations between 0.01 and 100 through two hundred layers; batch norm statistics are far from the identity.
"""

import math
import zlib

import numpy as np


def uniform(name, count):
    """`count` float32 numbers in [-1, 1), from raw bits alone: numpy promises those for ever, but no distributions.

    >>> uniform("a", 2).dtype
    dtype('float32')
    """
    raw = np.random.PCG64(zlib.crc32(name.encode())).random_raw((count + 3) // 4)
    return raw.astype("<u8").view("<u2")[:count].astype(np.float32) / np.float32(32768) - np.float32(1)


def tensor(key, shape):
    """The tensor called `key` of a torch state dict."""
    shape = tuple(shape)
    if key.endswith("num_batches_tracked"):
        return np.full(shape, 1000, np.int64)
    noise = uniform(f"{key} {shape}", math.prod(shape)).reshape(shape)
    if key.endswith(("running_mean", "bias")):
        return noise * np.float32(0.2)
    if key.endswith("running_var"):
        return np.float32(1.25) + noise * np.float32(0.75)
    if len(shape) == 1:  # batch norm's gamma
        return np.float32(0.75) + noise * np.float32(0.25)
    fan_in = math.prod(shape[1:])
    # A softmax over thousands of places turns rounding of large scores into other answers: keep them of size one.
    gain = 0.3 if key.endswith(("conv_theta.weight", "conv_phi.weight")) else 1.0
    return noise * np.float32(gain * math.sqrt(6 / fan_in))


def state_dict(shapes):
    """Every tensor of `shapes`, a dict of key to shape, in its order."""
    return {key: tensor(key, shape) for key, shape in shapes.items()}


def clip(shape):
    """A uint8 clip (frames, height, width, channels): moving stripes under noise, so that time and place matter."""
    frames, height, width, channels = np.ogrid[tuple(map(slice, shape))]
    stripes = np.abs((9 * frames + 5 * height + 3 * width + 40 * channels) % 256 - 128)
    noise = np.abs(uniform(f"clip {tuple(shape)}", math.prod(shape)).reshape(shape)) * np.float32(127)
    return (stripes + noise.astype(np.int64)).astype(np.uint8)


def sample(feature, count=96):
    """`count` numbers spread over a feature map (channels last), ends included."""
    flat = np.asarray(feature, np.float32).reshape(-1)
    return flat[np.linspace(0, flat.size - 1, count).astype(np.int64)]
