"""What single layers make of a clip whose frames stand on the batch axis; one function a kind, for `table.RULES`.

Each takes (layer, x, run): `x` is `(frames, height, width, channels)`, `run(child, y)` runs a layer inside, and
`run.rank` is 3 where Keras sees clips, and 2 where it sees pictures, frames already being its batch.
"""

import keras
from keras import ops

from res3d.four_axes.convolution import convolution, windows, with_borders


def as_it_is(layer, x, run):
    """A layer that looks at no axis but the last, or runs where no frames are left."""
    return layer.call(x)


def unchanged(layer, x, run):
    """A layer that answers what it is given, here or where no one learns."""
    return x


def activation(layer, x, run):
    return layer(x)


def concatenated(layer, parts, run):
    if layer.axis not in (-1, run.rank + 1):
        raise ValueError("A network in four axes puts channels side by side. Received: layer "
                         f"'{layer.name}', which joins along axis {layer.axis}. Export it with five axes.")
    return ops.concatenate(parts, axis=-1)


def conv(layer, x, run):
    return convolved(layer, x, *layer.weights_in_use())


def convolved(layer, x, kernel, bias):
    """The convolution of a `Conv` with the given weights."""
    if layer.rank == 3:
        return convolution(x, kernel, bias, layer.strides, layer.pads((1, *x.shape)), layer.groups, layer.dilation)
    return convolution(x, kernel[None], bias, (1, *layer.strides), ((0, 0), *layer.pads(x.shape)), layer.groups,
                       (1, *layer.dilation))


def norm(layer, x, run):
    scale, shift = layer.scale_and_shift()
    return x * scale + shift


def conv_norm(layer, x, run):
    if layer.norm_first:
        return run(layer.conv, activated(layer, x, run))
    return layer.act(convolved(layer.conv, x, *layer.fixed_weights()))


def activated(layer, x, run):
    """Norm and activation of a `ConvNorm`, alone."""
    return layer.act(x if layer.norm is None else run(layer.norm, x))


def max_pool(layer, x, run):
    window, strides = (lead(sizes) for sizes in (layer.pool_size, layer.strides))
    if layer.padding == "same":
        return windows(ops.max_pool, x, window, strides, "same")
    return windows(ops.max_pool, with_borders(x, [size // 2 if size % 2 else 0 for size in window]), window, strides)


def lead(sizes):
    """Three sizes; where a layer has two, it leaves time alone."""
    return (1,) * (3 - len(sizes)) + tuple(sizes)


def channel_means(x, run):
    """(1, channels) where clips are seen, (frames, channels) where pictures are."""
    return ops.mean(x, axis=(0, 1, 2))[None] if run.rank == 3 else ops.mean(x, axis=(1, 2))


def squeeze_excite(layer, x, run):
    return x * layer.expand(layer.reduce(channel_means(x, run)))[:, None, None]


def self_gating(layer, x, run):
    return x * layer.gate(channel_means(x, run))[:, None, None]


def non_local(layer, x, run):
    seen = x
    if layer.pool:
        window = (1, *(min(2, size) for size in x.shape[1:3]))
        seen = windows(ops.max_pool, x, window, window)
    theta, phi, g = (_places(run(part, y), run) for part, y in ((layer.theta, x), (layer.phi, seen), (layer.g, seen)))
    if layer.mode == "softmax":
        theta = theta * theta.shape[-1] ** -0.5
    alike = ops.matmul(theta, ops.transpose(phi, (0, 2, 1)))
    alike = ops.softmax(alike, axis=-1) if layer.mode == "softmax" else alike / phi.shape[1]
    return x + run(layer.out, ops.reshape(ops.matmul(alike, g), (*x.shape[:3], -1)))


def _places(x, run):
    """(clips or pictures, places, channels)."""
    return ops.reshape(x, (1 if run.rank == 3 else x.shape[0], -1, x.shape[-1]))


def window_pool(layer, x, run):
    window = None if layer.window is None else tuple(map(min, layer.window, x.shape[3 - layer.rank:3]))
    if window is None:
        places = channel_means(x, run)[:, None]
    else:
        places = _places(windows(ops.average_pool, x, lead(window), (1, 1, 1)), run)
    return places if layer.keep else ops.mean(places, axis=1)


def unfold_frames(layer, x, run):
    return ops.reshape(x, (1, *x.shape))


def temporal_shift(layer, x, run):
    fold = x.shape[-1] // layer.fraction
    nothing = ops.zeros_like(x[:1, ..., :fold])
    earlier = ops.concatenate([x[1:, ..., :fold], nothing], axis=0)
    later = ops.concatenate([nothing, x[:-1, ..., fold:2 * fold]], axis=0)
    return ops.concatenate([earlier, later, x[..., 2 * fold:]], axis=-1)


def temporal_aggregation(layer, x, run):
    previous, current, following = (run(part, x) for part in (layer.previous, layer.current, layer.next))
    nothing = ops.zeros_like(current[:1])
    before = ops.concatenate([nothing, previous[:-1]], axis=0)
    return ops.relu(before + current + ops.concatenate([following[1:], nothing], axis=0))


def slow_frames(layer, x, run):
    return ops.concatenate([x[number:number + 1] for number in layer.picked(x.shape[0])], axis=0)


def multi_label_head(layer, x, run):
    if not layer.sharpness:
        return layer.act(layer.logits(channel_means(x, run)))
    places = _places(layer.logits(ops.cast(x, layer.compute_dtype)), run)
    soft = ops.logsumexp(layer.sharpness * places, axis=1) - keras.ops.log(float(places.shape[1]))
    return layer.act(soft / layer.sharpness)
