"""Residual networks for video and images in Keras 3. Names resolve on first use, so that importing is light."""

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; a test holds it against the names below
    from res3d import explain, geometry, heads, weights
    from res3d.blocks import BasicBlock1D as BasicBlock1D
    from res3d.blocks import BasicBlock2D as BasicBlock2D
    from res3d.blocks import BasicBlock3D as BasicBlock3D
    from res3d.blocks import BottleneckBlock1D as BottleneckBlock1D
    from res3d.blocks import BottleneckBlock2D as BottleneckBlock2D
    from res3d.blocks import BottleneckBlock3D as BottleneckBlock3D
    from res3d.geometry import ClipSpec as ClipSpec
    from res3d.geometry import preset as preset
    from res3d.heads.multi_label import MultiLabelHead as MultiLabelHead
    from res3d.heads.probe import linear_probe as linear_probe
    from res3d.heads.pyramid import FeaturePyramid as FeaturePyramid
    from res3d.heads.unet import UNetDecoder as UNetDecoder
    from res3d.heads.unet import segmenter as segmenter
    from res3d.network import build as build
    from res3d.network import load_model as load_model
    from res3d.preactivation import PreactBasicBlock1D as PreactBasicBlock1D
    from res3d.preactivation import PreactBasicBlock2D as PreactBasicBlock2D
    from res3d.preactivation import PreactBasicBlock3D as PreactBasicBlock3D
    from res3d.preactivation import PreactBottleneckBlock1D as PreactBottleneckBlock1D
    from res3d.preactivation import PreactBottleneckBlock2D as PreactBottleneckBlock2D
    from res3d.preactivation import PreactBottleneckBlock3D as PreactBottleneckBlock3D
    from res3d.scaling import clip_of as clip_of
    from res3d.variants.table import list_models as list_models
    from res3d.weights.load import load_weights as load_weights

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

if not TYPE_CHECKING:  # or any name would do
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
