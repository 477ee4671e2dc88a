"""The smallest instance of each public layer and of each kind of network that still means something.

Tests that cut across loop over these; `test_catalogue` checks that nothing public is missing. A new layer or row is
listed here before anything else knows it.
"""

import functools

import numpy as np

from res3d.blocks import basic, bottleneck, preactivation
from res3d.blocks.plain import PlainBlock
from res3d.blocks.shortcut import PadShortcut, PooledShortcut
from res3d.blocks.units import SeparatedConv
from res3d.geometry import ClipSpec
from res3d.heads.multi_label import MultiLabelHead
from res3d.heads.pyramid import FeaturePyramid
from res3d.heads.steps import DilatedSteps
from res3d.heads.unet import UNetDecoder
from res3d.layers.attention import SelfGating, SqueezeExcite
from res3d.layers.conv import Conv, ConvNorm
from res3d.layers.factorized import FactorizedConv
from res3d.layers.non_local import NonLocal
from res3d.layers.norm import BatchNorm
from res3d.layers.pixel_scaling import PixelScaling
from res3d.layers.pooling import MaxPool
from res3d.layers.temporal_shift import ChannelWeights, FoldFrames, TemporalAggregation, TemporalShift, UnfoldFrames
from res3d.networks.backbone import Stage
from res3d.networks.classifier import PlacesClassifier, WindowPool, X3DHead
from res3d.networks.motion import MotionChannels
from res3d.networks.network import build
from res3d.networks.slowfast import SlowFrames

BLOCKS = ((basic, "BasicBlock"), (bottleneck, "BottleneckBlock"), (preactivation, "PreactBasicBlock"),
          (preactivation, "PreactBottleneckBlock"))
SHAPES = {1: (6, 4), 2: (6, 6, 4), 3: (4, 6, 6, 4)}  # one sample of each rank
CLIP = ClipSpec(8, 1, None, 32, 32)

LAYERS = {  # name: (constructor, shape of one sample); the class is the part before a dot
    "Conv": (lambda: Conv(5, (3, 5, 3), (1, 2, 2), rank=3, use_bias=True), SHAPES[3]),
    "Conv.grouped": (lambda: Conv(6, 3, rank=3, groups=2), SHAPES[3]),
    "Conv.depthwise": (lambda: Conv(4, 3, (2, 2, 2), rank=3, groups=4), SHAPES[3]),
    "Conv.dilated": (lambda: Conv(5, (3, 3, 1), rank=3, dilation=(2, 1, 1), use_bias=True), SHAPES[3]),
    "Conv.same": (lambda: Conv(4, 3, 2, "same", rank=2), SHAPES[2]),
    "Conv.valid": (lambda: Conv(4, (2, 3, 3), (1, 2, 2), "valid", rank=3, kernel_initializer="glorot_uniform",
                                kernel_regularizer="l2"), SHAPES[3]),
    "ConvNorm": (lambda: ConvNorm(5, 3, 2, rank=2, activation="relu"), SHAPES[2]),
    "ConvNorm.norm_first": (lambda: ConvNorm(5, 3, rank=1, norm_first=True, activation="swish"), SHAPES[1]),
    "BatchNorm": (lambda: BatchNorm(momentum=0.9), (3, 6, 5, 8)),
    "FactorizedConv": (lambda: FactorizedConv(5, 3, 2, activation="relu"), SHAPES[3]),
    "FactorizedConv.time_first": (lambda: FactorizedConv(5, 3, (1, 2, 2), mid=3, order="time_first"), SHAPES[3]),
    "SeparatedConv": (lambda: SeparatedConv(6, 3, 2, rank=3, activation="relu"), SHAPES[3]),
    "SqueezeExcite": (lambda: SqueezeExcite(2), SHAPES[3]),
    "SelfGating": (lambda: SelfGating(), SHAPES[3]),
    "NonLocal": (lambda: NonLocal(3), SHAPES[3]),
    "NonLocal.dot_product": (lambda: NonLocal(2, 3, mode="dot_product", pool=False), SHAPES[2]),
    "PadShortcut": (lambda: PadShortcut(7, (1, 2, 2), rank=3), SHAPES[3]),
    "PooledShortcut": (lambda: PooledShortcut(7, (1, 2, 2), rank=3), SHAPES[3]),
    "BasicBlock": (lambda: basic.BasicBlock(4, 3, conv="factorized", mid="block"), SHAPES[3]),
    "BottleneckBlock": (lambda: bottleneck.BottleneckBlock(8, 3, 4, conv="depthwise", squeeze=2, squeeze_at="conv_b",
                                                       middle_activation="swish"), SHAPES[3]),
    "PreactBasicBlock": (lambda: preactivation.PreactBasicBlock(4, 3, zero_init=True), SHAPES[3]),
    "PreactBottleneckBlock": (lambda: preactivation.PreactBottleneckBlock(8, 3, strides=2, shortcut_from="raw"),
                              SHAPES[3]),
    **{f"{name}{rank}D": (functools.partial(getattr(module, f"{name}{rank}D"), 8, strides=2, dropout=0.1), SHAPES[rank])
       for rank in (1, 2, 3) for module, name in BLOCKS},
    "BasicBlock3D.everything": (lambda: basic.BasicBlock3D(
        6, strides=2, shortcut="average_pool", squeeze=2, gate=True, drop_path=0.2, zero_init=True), SHAPES[3]),
    "PlainBlock": (lambda: PlainBlock(6, 3, (1, 2, 2)), SHAPES[3]),
    "PlainBlock.unpooled": (lambda: PlainBlock(6, 2), SHAPES[2]),
    "Stage": (lambda: Stage([basic.BasicBlock(6, 3, strides=2, name="block0"), MaxPool((2, 1, 1), (2, 1, 1), 3)]),
              SHAPES[3]),
    "MaxPool": (lambda: MaxPool((1, 3, 3), (1, 2, 2), 3), SHAPES[3]),
    "WindowPool": (lambda: WindowPool((4, 3, 3), 3, keep=True), SHAPES[3]),
    "X3DHead": (lambda: X3DHead(6, 10, (4, 3, 3)), SHAPES[3]),
    "PlacesClassifier": (lambda: PlacesClassifier(5), (3, 4)),
    "FoldFrames": (lambda: FoldFrames(), SHAPES[3]),
    "UnfoldFrames": (lambda: UnfoldFrames(2), SHAPES[2]),
    "ChannelWeights": (lambda: ChannelWeights(), SHAPES[2]),
    "TemporalAggregation": (lambda: TemporalAggregation(2), SHAPES[2]),
    "TemporalShift": (lambda: TemporalShift(2, 4), SHAPES[2]),
    "SlowFrames": (lambda: SlowFrames(2), SHAPES[3]),
    "MotionChannels": (lambda: MotionChannels(), SHAPES[3]),
    "MotionChannels.every": (lambda: MotionChannels(("color", "background", "difference", "color_difference"), 0.25,
                                                    limit=2, floor=0, random_sign=True), SHAPES[3]),
    "PixelScaling": (lambda: PixelScaling(CLIP.replace(channels=4, mean=(0.5,), std=(0.2,))), SHAPES[3]),
}
HEADS = {  # as LAYERS; where the shape is a list, the head takes a list of maps, from fine to coarse
    "FeaturePyramid": (lambda: FeaturePyramid(5), [(7, 8, 4), (4, 4, 6), (2, 2, 8)]),
    "FeaturePyramid.1D": (lambda: FeaturePyramid(5, extra=2), [(9, 4), (5, 6)]),
    "FeaturePyramid.3D": (lambda: FeaturePyramid(5, extra=1, use_norm=True), [(4, 7, 8, 4), (4, 4, 4, 6)]),
    "UNetDecoder.1D": (lambda: UNetDecoder((6,)), [(9, 4), (5, 6)]),
    "UNetDecoder": (lambda: UNetDecoder(), [(7, 8, 4), (4, 4, 6), (2, 2, 8)]),
    "UNetDecoder.3D": (lambda: UNetDecoder((6, 8), conv="factorized"), [(4, 7, 8, 4), (4, 4, 4, 6), (2, 2, 2, 8)]),
    "DilatedSteps": (lambda: DilatedSteps(6, (1, 2), 0.1), SHAPES[1]),
    "MultiLabelHead": (lambda: MultiLabelHead(5, prior=[0.5, 0.1, 0.2, 0.3, 0.4]), SHAPES[3]),
    "MultiLabelHead.2D": (lambda: MultiLabelHead(5, sharpness=1), SHAPES[2]),
    "MultiLabelHead.mean": (lambda: MultiLabelHead(5, sharpness=0, activation="sigmoid"), SHAPES[1]),
}
# What others derive from, with no use of their own.
BASES = {"Composed", "ResidualBlock", "PreactBlock"}

SHORT = {"depths": (1, 1, 1, 1), "width": 0.125}
MODELS = {  # row of the family: what makes it tiny; one row stands for each kind
    "r3d_18": SHORT,
    "r3d_50": SHORT,
    "mc3_18": SHORT,
    "rmc3_18": SHORT,
    "r2plus1d_18": SHORT,
    "vmz_r2plus1d_18": SHORT,
    "vmz_r2plus1d_152": SHORT,
    "fr2d_18": SHORT,
    "kenshohara_r3d_18": SHORT,
    "kenshohara_r3d_18_a": SHORT,
    "kenshohara_r3d_50": SHORT,
    "kenshohara_r2plus1d_18": SHORT,
    "kenshohara_r2plus1d_50": SHORT,
    "kenshohara_preact_r3d_18": SHORT,
    "kenshohara_preact_r3d_50": SHORT,
    "kenshohara_resnext3d_50": {"depths": (1, 1, 1, 1), "width": 0.5},
    "c2d_r50": SHORT,
    "slow_r50": SHORT,
    "i3d_nl_r50": {"depths": (1, 2, 2, 1), "width": 0.125},
    "ir_csn_50": SHORT,
    "ip_csn_50": SHORT,
    "r2plus1d_r50": SHORT,
    "x3d_s": SHORT,
    "slowfast_r50_4x16": SHORT,
    "garden_r3d_50": SHORT,
    "r3d_rs_50": SHORT,
    "resnet_18": SHORT,
    "resnet_50": SHORT,
    "resnet_50_v1": SHORT,
    "resnet_18_v2": SHORT,
    "resnet_50_v2": SHORT,
    "resnext_50_32x4d": {"depths": (1, 1, 1, 1), "width": 0.5},
    "tsm_r50": SHORT,
    "tam_r50": SHORT,
    "medicalnet_10": SHORT,
    "medicalnet_18": SHORT,
    "medicalnet_50": SHORT,
    "cifar_resnet_20": {"depths": (1, 1, 1)},
    "wrn_16_4": {"depths": (1, 1, 1), "width": 0.25},
    "plain3d_5": {"width": 0.25, "motion": "difference"},
}
# These have every layer of the family.
KINDS = ("r2plus1d_r50", "wrn_16_4", "kenshohara_preact_r3d_50", "i3d_nl_r50", "ip_csn_50", "x3d_s",
         "slowfast_r50_4x16", "r3d_rs_50", "tsm_r50", "tam_r50", "medicalnet_18", "plain3d_5")
CLASSES = 5


def tiny(name, **changes):
    """The tiny member called `name`, on clips of 8 frames of 32x32, with 5 classes."""
    return build(name, **{"num_classes": CLASSES, "clip": CLIP, **MODELS[name], **changes})


def kind(row):
    """What tells one kind of network from another: a row of a new kind needs a tiny member of its own."""
    network = row.network
    parts = (network.slow, network.fast) if hasattr(network, "slow") else (network,)
    return tuple((part.rank, part.block, part.stem.kind, part.stem.norm, bool(part.stem.pool), frozenset(part.convs),
                  bool(part.squeeze), part.gate_last, bool(part.nonlocal_after), part.shift, part.aggregate,
                  max(part.dilation) > 1, part.head,
                  "preact" in part.block and part.last_norm, part.options.get("shortcut"),
                  part.options.get("stride_on"), part.options.get("groups", 1) > 1, part.options.get("padding"),
                  part.options.get("mid")) for part in parts)


def pixels(batch, clip=CLIP, seed=0):
    """Random clips, uint8."""
    return np.random.default_rng(seed).integers(0, 256, (batch, *clip.shape), "uint8")


def stir(layer, seed=0):
    """Gives every weight a value that shows: no scale at zero, no moving statistic at its start."""
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        if "seed_generator" in weight.path:
            continue
        name, noise = weight.path.rsplit("/", 1)[-1], rng.normal(size=weight.shape)
        if name in ("gamma", "moving_variance"):
            weight.assign(1 + 0.2 * np.tanh(noise))
        elif len(weight.shape) == 1:
            weight.assign(0.1 * noise)
        else:
            weight.assign(noise * np.sqrt(2 / np.prod(weight.shape[:-1])))
    return layer
