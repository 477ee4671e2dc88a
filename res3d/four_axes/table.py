"""Which function runs which layer on frames; a layer of a derived class is run as the nearest class that has one."""

import keras

from res3d.blocks.plain import PlainBlock
from res3d.blocks.preactivation import PreactBlock
from res3d.blocks.residual import ResidualBlock
from res3d.blocks.shortcut import PadShortcut, PooledShortcut
from res3d.blocks.units import SeparatedConv
from res3d.four_axes import blocks, layers, motion
from res3d.heads.multi_label import MultiLabelHead
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
from res3d.networks.slowfast import SlowFrames

RULES = {
    keras.layers.Activation: layers.activation,
    keras.layers.ReLU: layers.activation,
    keras.layers.Dropout: layers.unchanged,
    keras.layers.Concatenate: layers.concatenated,
    keras.layers.Dense: layers.as_it_is,
    keras.layers.GlobalAveragePooling1D: layers.as_it_is,
    PixelScaling: layers.as_it_is,
    ChannelWeights: layers.as_it_is,
    PlacesClassifier: layers.as_it_is,
    FoldFrames: layers.unchanged,
    UnfoldFrames: layers.unfold_frames,
    Conv: layers.conv,
    ConvNorm: layers.conv_norm,
    BatchNorm: layers.norm,
    MaxPool: layers.max_pool,
    WindowPool: layers.window_pool,
    SqueezeExcite: layers.squeeze_excite,
    SelfGating: layers.self_gating,
    NonLocal: layers.non_local,
    TemporalShift: layers.temporal_shift,
    TemporalAggregation: layers.temporal_aggregation,
    SlowFrames: layers.slow_frames,
    MotionChannels: motion.motion_channels,
    MultiLabelHead: layers.multi_label_head,
    Stage: blocks.chain,
    FactorizedConv: blocks.factorized,
    SeparatedConv: blocks.separated,
    PlainBlock: blocks.plain_block,
    ResidualBlock: blocks.residual_block,
    PreactBlock: blocks.preact_block,
    PadShortcut: blocks.pad_shortcut,
    PooledShortcut: blocks.pooled_shortcut,
    X3DHead: blocks.x3d_head,
}


def rule(layer):
    """The function for a layer, or None."""
    return next((RULES[kind] for kind in type(layer).__mro__ if kind in RULES), None)
