"""VMZ's names: torchvision's, with pooled stems and channel-separated units; its Caffe2 files are renamed to these."""

import re

from res3d.networks.variants.table import variant
from res3d.weights.published import caffe2
from res3d.weights.published.like_torchvision import torchvision
from res3d.weights.published.rename import depths, named_depth

NAME = "vmz"
BLOCK, OURS = torchvision.BLOCK, torchvision.OURS

SEPARATED = (  # ip-CSN: a pointwise convolution with its norm, then the depthwise one
    (BLOCK + r"conv2\.0\.0", OURS + "conv_b/pointwise/conv"),
    (BLOCK + r"conv2\.0\.1", OURS + "conv_b/pointwise/norm"),
    (BLOCK + r"conv2\.0\.2", OURS + "conv_b/depthwise/conv"),
    (BLOCK + r"conv2\.1", OURS + "conv_b/depthwise/norm"),
)
FACTORIZED_BOTTLENECK = (
    (BLOCK + r"conv2\.0\.0", OURS + "conv_b/spatial/conv"),
    (BLOCK + r"conv2\.0\.1", OURS + "conv_b/spatial/norm"),
    (BLOCK + r"conv2\.0\.3", OURS + "conv_b/temporal/conv"),
    (BLOCK + r"conv2\.1", OURS + "conv_b/temporal/norm"),
)


def inside(tensors):
    """(tensors under VMZ's torch names, names of those that were left out: a Caffe2 file's optimiser)."""
    return caffe2.from_caffe2(tensors) if caffe2.is_caffe2(tensors) else (tensors, ())


def recognises(shapes):
    """Whether these keys are VMZ's."""
    return caffe2.is_caffe2(shapes) or ("stem.0.weight" in shapes and torchvision.is_vmz(shapes))


def marks(ours):
    """Names that tell `rules` which table a network of our `Anatomy` has."""
    middle = "stage1/block0/conv_b"
    return (*torchvision.marks(ours), *(["layer1.0.conv3.0.weight"] if ours.has("stage1/block0/conv_c") else ()),
            *(["layer1.0.conv2.0.2.weight"] if ours.has(f"{middle}/pointwise") else ()),
            *(["layer1.0.conv2.0.3.weight"] if ours.has(f"{middle}/spatial") else ()))


def rules(shapes):
    """The rule table for a file with these keys."""
    if "layer1.0.conv2.0.2.weight" in shapes:
        return torchvision.FULL_STEM + SEPARATED + torchvision.VIDEO
    if "layer1.0.conv3.0.weight" in shapes and "layer1.0.conv2.0.3.weight" in shapes:
        return torchvision.FACTORIZED_STEM + FACTORIZED_BOTTLENECK + torchvision.VIDEO
    return torchvision.rules(shapes)


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None."""
    bottleneck = "layer1.0.conv3.0.weight" in shapes
    depth = named_depth(depths(shapes, BLOCK + ".*"), bottleneck)
    if depth is None:
        return None
    if not bottleneck:
        if "layer1.0.conv1.0.0.weight" in shapes:
            return f"vmz_r2plus1d_{depth}"
        name = torchvision.model_of(shapes)
        return f"vmz_{name}" if name in ("r3d_18", "mc3_18") else name  # whose epsilon differs from torchvision's
    if "layer1.0.conv2.0.2.weight" in shapes:
        return f"vmz_ip_csn_{depth}"
    if "layer1.0.conv2.0.3.weight" in shapes:
        return f"vmz_r2plus1d_{depth}"
    return f"vmz_ir_csn_{depth}" if shapes["layer1.0.conv2.0.weight"][1] == 1 else f"r3d_{depth}"


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own.

    How many frames a clip had is in the names of files alone: `r3d_d18_l8.pkl`, `r2plus1d_34_clip32_...`.
    """
    frames = re.search(r"(?:_l|clip)(8|16|32)(?!\d)", hint)
    return variant(model).native_clip.replace(frames=int(frames[1])) if frames else None
