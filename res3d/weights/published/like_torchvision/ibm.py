"""IBM's names, which are torchvision's 2D ones: of its I3D-ResNet, and of TAM with weights of three frames."""

from res3d.geometry import preset
from res3d.weights.published.like_torchvision import torchvision

NAME = "ibm"
FRAMES = {"prev": "previous", "curr": "current", "next": "next"}
RULES = (
    *((rf"{torchvision.BLOCK}tam\.{theirs}_se\.fc1", f"{torchvision.OURS}aggregate/{ours}")
      for theirs, ours in FRAMES.items()),
    *torchvision.IMAGES,
)


def recognises(shapes):
    """Whether these keys are IBM's."""
    return "layer1.0.tam.prev_se.fc1.weight" in shapes or is_inflated(shapes)


def is_inflated(shapes):
    """Whether these are the tensors of IBM's I3D-ResNet; those of an I3ResNet are the same."""
    middle = shapes.get("layer1.0.conv2.weight", ())
    return tuple(shapes.get("conv1.weight", ()))[2:] == (3, 7, 7) and tuple(middle)[2:] == (3, 3, 3)


def rules(shapes):
    """The rule table for a file with these keys."""
    return RULES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, names where several fit, or None."""
    depth = torchvision.depth_of(shapes)
    if depth is None or len(shapes["conv1.weight"]) == 4:
        return depth and f"tam_r{depth}"
    here, there = f"ibm_i3d_r{depth}", f"i3resnet_{depth}"
    hint = hint.lower()
    if "i3d" in hint:
        return here
    return there if "i3res" in hint or "i3_res" in hint else (here, there)


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    if "ssv2" in hint.lower():  # the frames spread over the video
        return preset("ibm_32x2").replace(sampling="segments")
    return None
