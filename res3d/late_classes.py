"""The classes that a saved model may name, known to Keras before any of them is imported.

Keras finds a class by its registered name, and a class registers itself where it is defined. So that
`keras.saving.load_model` reads a model of the package whichever of the two was imported first, a stand-in is registered
for each: once a saved model names one, all are imported, and take the places of their stand-ins.
"""

import importlib

NAMES = (
    "AdamW", "BasicBlock", "BasicBlock1D", "BasicBlock2D", "BasicBlock3D", "BatchNorm", "BottleneckBlock",
    "BottleneckBlock1D", "BottleneckBlock2D", "BottleneckBlock3D", "ChannelWeights", "ClassificationLoss", "Conv",
    "ConvNorm", "DilatedSteps", "EpochRate", "FactorizedConv", "FeaturePyramid", "FoldFrames", "MaxPool",
    "MeanAveragePrecision", "MotionChannels", "MultiLabelHead", "NonLocal", "PadShortcut", "PixelScaling",
    "PlacesClassifier", "PlainBlock", "PooledShortcut",
    "PreactBasicBlock", "PreactBasicBlock1D", "PreactBasicBlock2D", "PreactBasicBlock3D", "PreactBottleneckBlock",
    "PreactBottleneckBlock1D", "PreactBottleneckBlock2D", "PreactBottleneckBlock3D", "SGD", "SelfGating",
    "SeparatedConv", "SlowFrames", "SqueezeExcite", "Stage", "TemporalAggregation", "TemporalShift", "TopK",
    "UNetDecoder", "UnfoldFrames", "WarmUp", "WindowPool", "X3DHead",
)


class LateClass:
    """Stands for a class of the package, by its registered name, until a saved model names it."""

    def __init__(self, registered_name):
        self.registered_name = registered_name

    def from_config(self, config):
        """An object of the class, as its own `from_config` makes it."""
        keras = importlib.import_module("keras")
        importlib.import_module("res3d.saving")
        named = keras.saving.get_custom_objects()[self.registered_name]
        if isinstance(named, LateClass):
            raise ImportError(f"res3d.saving must import the module of {self.registered_name}, which it does not.")
        return named.from_config(config)


class Registering:
    """Around the import of Keras: registers a stand-in for each class that has not registered itself."""

    def __enter__(self):
        return self

    def __exit__(self, kind, *exc_info):
        if kind is not None:
            return
        known = importlib.import_module("keras").saving.get_custom_objects()
        for name in NAMES:
            known.setdefault(f"res3d>{name}", LateClass(f"res3d>{name}"))
