"""VMZ's names: torchvision's, with pooled stems and channel-separated units."""

from res3d.weights.published import torchvision
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


def recognises(shapes):
    """Whether these keys are VMZ's."""
    return "stem.0.weight" in shapes and torchvision.is_vmz(shapes)


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
    """The preset that published files of this source were trained with; None is the row's own."""
    return
