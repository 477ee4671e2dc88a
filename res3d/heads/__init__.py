"""What a residual network ends in besides a classifier: pyramid, decoder, several labels, linear probe.

Names resolve on first use. All take the feature maps of `res3d.build(..., features=True)`, of any rank.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; a test holds it against the names below
    from res3d.heads.levels import fine_to_coarse as fine_to_coarse
    from res3d.heads.multi_label import MultiLabelHead as MultiLabelHead
    from res3d.heads.probe import linear_probe as linear_probe
    from res3d.heads.pyramid import FeaturePyramid as FeaturePyramid
    from res3d.heads.unet import UNetDecoder as UNetDecoder
    from res3d.heads.unet import segmenter as segmenter

_NAMES = {
    "FeaturePyramid": "res3d.heads.pyramid",
    "MultiLabelHead": "res3d.heads.multi_label",
    "UNetDecoder": "res3d.heads.unet",
    "fine_to_coarse": "res3d.heads.levels",
    "linear_probe": "res3d.heads.probe",
    "segmenter": "res3d.heads.unet",
}
__all__ = [*_NAMES]

if not TYPE_CHECKING:  # or any name would do
    def __getattr__(name):
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted(__all__)
