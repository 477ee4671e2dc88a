"""A residual network from stem to last stage, and how its weights are called.

Layers of a model, in order: `pixels` (only with a clip), `motion` (if asked for), `stem`, `pool`, `stage1` ...
`stage4`, `head_pool`, `logits`.
Weight paths follow the layers, without the model's name:

    stem/conv/kernel, stem/norm/{gamma,beta,moving_mean,moving_variance}
    stem/{spatial,temporal}/{conv,norm}/...                  factorized and X3D stems
    stage1/block0/conv_a/{conv,norm}/...                     basic: conv_a, conv_b; bottleneck: conv_a, conv_b, conv_c
    stage1/block0/conv_a/{spatial,temporal}/{conv,norm}/...  factorized; the norm of `spatial` is the one between
    stage1/block0/conv_b/{pointwise,depthwise}/{conv,norm}/...   channel-separated (ip-CSN)
    stage1/block0/shortcut/{conv,norm}/...                   projections; other shortcuts have no weights
    stage1/block0/{conv,norm}/...                            plain
    stage1/block0/squeeze/{reduce,expand}/{kernel,bias}      squeeze-and-excitation
    stage1/block0/gate/gate/{kernel,bias}                    self-gating
    stage1/block0/aggregate/{previous,current,next}/kernel   weights of three frames
    stage1/nonlocal0/{theta,phi,g,out}/{conv,norm}/...       the non-local block after block0
    last_norm/{gamma,...}                                    pre-activation networks that end in norm and ReLU
    logits/{kernel,bias}

Kernels are (*kernel_size, input channels / groups, output channels), depthwise ones too. Pre-activation blocks use the
same names although each norm comes before its convolution. SlowFast prefixes its pathways: `slow_stem`, `fast_stage1`,
and `fuse_stem`, `fuse_stage1` ... for the lateral connections.
"""

import keras

from res3d.blocks.basic import BasicBlock
from res3d.blocks.bottleneck import BottleneckBlock
from res3d.blocks.plain import PlainBlock
from res3d.blocks.preactivation import PreactBasicBlock, PreactBottleneckBlock
from res3d.layers.arguments import choice
from res3d.layers.attention import squeezed_width
from res3d.layers.composed import Composed
from res3d.layers.conv import ConvNorm
from res3d.layers.factorized import FactorizedConv
from res3d.layers.non_local import NonLocal
from res3d.layers.pooling import MaxPool

UNIT_OPTIONS = ("epsilon", "momentum", "padding", "kernel_initializer", "kernel_regularizer")
BLOCKS = {"basic": BasicBlock, "bottleneck": BottleneckBlock, "preact_basic": PreactBasicBlock,
          "preact_bottleneck": PreactBottleneckBlock, "plain": PlainBlock}


@keras.saving.register_keras_serializable("res3d")
class Stage(Composed):
    """Layers that run one after another, most often the blocks of one stage.

    Args:
        blocks: list of layers, or of their serialised forms.

    >>> stage = Stage([BasicBlock(8, 2, strides=2, name="block0"), BasicBlock(8, 2, name="block1")])
    >>> stage(keras.ops.zeros((1, 8, 8, 3))).shape
    TensorShape([1, 4, 4, 8])
    """

    def __init__(self, blocks, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [block if isinstance(block, keras.layers.Layer) else keras.saving.deserialize_keras_object(block)
                       for block in blocks]

    def build(self, input_shape):
        for block in self.blocks:
            block.build(input_shape)
            input_shape = block.compute_output_shape(input_shape)

    def call(self, x, training=None):
        for block in self.blocks:
            x = block(x)
        return x

    def compute_output_shape(self, input_shape):
        for block in self.blocks:
            input_shape = block.compute_output_shape(input_shape)
        return input_shape

    def get_config(self):
        blocks = [keras.saving.serialize_keras_object(block) for block in self.blocks]
        for block in blocks:  # the stage builds them, under its own name
            block.pop("build_config", None)
        return {**super().get_config(), "blocks": blocks}


def make_stem(stem, rank, name="stem", **options):
    """The layer of a `Stem`."""
    choice(stem.kind, ("full", "factorized", "x3d", "garden"), "stem kind")
    activation = "relu" if stem.norm else None
    if stem.kind == "factorized":
        options.pop("padding", None)
        return FactorizedConv(stem.filters, stem.kernel, stem.strides, mid=stem.mid, activation=activation, name=name,
                              **options)
    shared = {"rank": rank, **options}
    if stem.kind == "x3d":
        return Stage([ConvNorm(stem.filters, (1, *stem.kernel[1:]), strides=stem.strides, use_norm=False,
                               name="spatial", **shared),
                      ConvNorm(stem.filters, (stem.kernel[0], 1, 1), groups=stem.filters, activation="relu",
                               name="temporal", **shared)], name=name)
    if stem.kind == "garden":
        half = max(1, stem.filters // 2)
        return Stage([ConvNorm(half, stem.kernel, strides=stem.strides, activation="relu", name="conv_a", **shared),
                      ConvNorm(half, (1, 3, 3), activation="relu", name="conv_b", **shared),
                      ConvNorm(stem.filters, (1, 3, 3), activation="relu", name="conv_c", **shared)], name=name)
    return ConvNorm(stem.filters, stem.kernel, stem.strides, use_norm=stem.norm, activation=activation, name=name,
                    **shared)


def conv_options(network, dtype):
    """What every convolution unit of `network` is given, picked from its block options."""
    picked = {key: network.options[key] for key in UNIT_OPTIONS if key in network.options}
    return {**picked, "dtype": dtype}


def make_stage(network, index, dtype, frames=0, prefix="", **extra):
    """Stage `index` (from 0) of a `Residual` network: `block0`, `block1` ...; so many `frames` lie in the batch."""
    inner, outer, conv = network.widths[index], network.outputs[index], network.convs[index]
    pattern = network.temporal[index]
    options = {**network.options, **extra, "dtype": dtype}
    if "bottleneck" in network.block:
        options["inner"] = inner
    blocks = []
    for i in range(network.depths[index]):
        block = dict(options)
        if "bottleneck" in network.block and network.rank == 3:
            block["temporal"] = pattern[i % len(pattern)]
        if network.squeeze and i % network.squeeze_every == 0:
            block["squeeze"] = squeezed_width(inner if network.options.get("squeeze_at") == "conv_b" else outer,
                                              network.squeeze)
        if network.gate_last and i == network.depths[index] - 1:
            block["gate"] = True
        if network.sees_neighbours:
            block["aggregate" if network.aggregate else "shift"] = frames
        if network.dilation[index] > 1:
            block["dilation"] = network.dilation[index]
        if network.drop_path:
            block["drop_path"] = network.drop_path * (index + 2) / (len(network.depths) + 1)
        strides = network.stage_strides(index) if i == 0 else 1
        blocks.append(BLOCKS[network.block](outer, network.rank, strides=strides, conv=conv, name=f"block{i}", **block))
        if i in network.nonlocal_after.get(f"stage{index + 1}", ()):
            blocks.append(NonLocal(network.rank, name=f"nonlocal{i}", dtype=dtype))
    return Stage(blocks, dtype=dtype, name=f"{prefix}stage{index + 1}")


def residual_features(network, x, dtype, frames=0, prefix="", **extra):
    """Runs stem and stages of `network` on `x`: {"stem": ..., "stage1": ..., ...}, symbolic or not."""
    stem = make_stem(network.stem, network.rank, f"{prefix}stem", **conv_options(network, dtype))
    x = stem(x)
    if network.stem.pool:
        padding = network.options.get("padding", "symmetric")
        x = MaxPool(*network.stem.pool, network.rank, padding, dtype=dtype, name=f"{prefix}pool")(x)
    features = {"stem": x}
    for index in range(len(network.depths)):
        name = f"stage{index + 1}"
        x = features[name] = make_stage(network, index, dtype, frames, prefix, **extra)(x)
        if name in network.pool_after:
            size = network.pool_after[name]
            x = MaxPool(size, size, network.rank, dtype=dtype, name=f"{prefix}pool{index + 1}")(x)
    return features
