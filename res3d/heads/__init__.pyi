from .levels import fine_to_coarse as fine_to_coarse
from .multi_label import MultiLabelHead as MultiLabelHead
from .probe import linear_probe as linear_probe
from .pyramid import FeaturePyramid as FeaturePyramid
from .steps import DilatedSteps as DilatedSteps
from .steps import step_classifier as step_classifier
from .unet import UNetDecoder as UNetDecoder
from .unet import segmenter as segmenter
