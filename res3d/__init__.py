"""Residual networks for video and images in Keras 3. Names resolve on first use, so that importing is light."""

import importlib
import sys

__version__ = "0.1.0"

_NAMES = {
    "ClipSpec": "res3d.geometry",
    "preset": "res3d.geometry",
    "build": "res3d.network",
    "load_model": "res3d.network",
    "clip_of": "res3d.scaling",
    "list_models": "res3d.variants.table",
    "load_weights": "res3d.weights",
    **{f"{kind}{rank}D": "res3d.blocks" for kind in ("BasicBlock", "BottleneckBlock") for rank in (1, 2, 3)},
    **{f"{kind}{rank}D": "res3d.preactivation" for kind in ("PreactBasicBlock", "PreactBottleneckBlock")
       for rank in (1, 2, 3)},
    **dict.fromkeys(("FeaturePyramid", "MultiLabelHead", "UNetDecoder", "linear_probe", "segmenter"), "res3d.heads"),
}
_MODULES = ("explain", "geometry", "heads", "weights")  # after `import res3d` alone, too
__all__ = [*_NAMES, "__version__"]


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted([*__all__, *_MODULES])


if "keras" in sys.modules:  # who has it means to use it: keras.saving.load_model then knows the layers without a word
    importlib.import_module("res3d.registered")
