"""What layers made of layers make of a clip whose frames stand on the batch axis; functions like those of `layers`."""

from keras import ops

from res3d.four_axes.convolution import windows
from res3d.four_axes.layers import activated, conv_norm, lead


def chain(layer, x, run):
    for block in layer.blocks:
        x = run(block, x)
    return x


def factorized(layer, x, run):
    for part in layer.in_order():
        x = run(part, x)
    return x


def separated(layer, x, run):
    return run(layer.depthwise, run(layer.pointwise, x))


def plain_block(layer, x, run):
    x = run(layer.conv, x)
    return ops.relu(run(layer.norm, x if layer.pool is None else run(layer.pool, x)))


def residual_block(layer, x, run):
    y = x
    for part in layer.branch:
        y = run(part, y)
    if layer.shortcut != "none":
        y = y + (x if layer.shortcut_layer is None else run(layer.shortcut_layer, x))
    return run(layer.activation_layer, y)


def preact_block(layer, x, run):
    y, source = x, x
    for part in layer.branch:
        if part.name == "conv_a":  # its norm and activation may serve the shortcut too
            y = activated(part, y, run)
            source = y if layer.shortcut_from == "activated" else x
            y = run(part.conv, y)
        else:
            y = run(part, y)
    if layer.shortcut == "none":
        return y
    return y + (x if layer.shortcut_layer is None else run(layer.shortcut_layer, source))


def pad_shortcut(layer, x, run):
    time, height, width = lead(layer.strides)
    x = x[::time, ::height, ::width] if max(layer.strides) > 1 else x
    missing = layer.filters - x.shape[-1]
    return ops.pad(x, [(0, 0)] * 3 + [(0, missing)]) if missing else x


def pooled_shortcut(layer, x, run):
    if max(layer.strides) > 1:
        x = windows(ops.average_pool, x, lead(layer.strides), lead(layer.strides), "same")
    return conv_norm(layer, x, run)


def x3d_head(layer, x, run):
    return layer.project(run(layer.pool, run(layer.conv, x)))
