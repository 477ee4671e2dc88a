"""mit-han-lab's names for TSN and TSM: torchvision's 2D ones under `base_model`, the classifier beside it."""

from res3d.geometry import preset
from res3d.weights.published.like_torchvision import torchvision

NAME = "tsm"
ROOT = r"base_model\."
FIRST = "base_model.layer1.0.conv1"
SHIFTED = ((rf"{ROOT}{torchvision.BLOCK}conv1\.net", f"{torchvision.OURS}conv_a/conv"),)  # what the shift wraps
RULES = (
    *((ROOT + pattern, template) for pattern, template in torchvision.IMAGES[:-1]),
    (r"new_fc", "logits"),
)


def recognises(shapes):
    """Whether these keys are TSM's."""
    return "base_model.conv1.weight" in shapes and "base_model.layer1.0.conv2.weight" in shapes


def marks(ours):
    """Names that tell `rules` which table a network of our `Anatomy` has."""
    return (f"{FIRST}.net.weight",) if ours.shifted else ()


def rules(shapes):
    """The rule table for a file with these keys."""
    return SHIFTED + RULES if f"{FIRST}.net.weight" in shapes else RULES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None; without the shift it is a picture network on every frame."""
    depth = torchvision.depth_of(shapes, "base_model.")
    return depth and (f"tsm_r{depth}" if f"{FIRST}.net.weight" in shapes else f"resnet_{depth}")


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    frames = 16 if "segment16" in hint.lower() else 8
    if "dense" in hint.lower():  # of 64 frames in a row
        return preset("imagenet_224").replace(frames=frames, stride=64 // frames)
    return preset("imagenet_224").replace(frames=frames, sampling="segments")
