"""What a residual network ends in besides a classifier: pyramid, decoder, several labels, linear probe.

Names resolve on first use. All take the feature maps of `res3d.build(..., features=True)`, of any rank.
"""

import importlib

_NAMES = {
    "FeaturePyramid": "res3d.heads.pyramid",
    "MultiLabelHead": "res3d.heads.multi_label",
    "UNetDecoder": "res3d.heads.unet",
    "fine_to_coarse": "res3d.heads.levels",
    "linear_probe": "res3d.heads.probe",
    "segmenter": "res3d.heads.unet",
}
__all__ = [*_NAMES]


def __getattr__(name):
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted(__all__)
