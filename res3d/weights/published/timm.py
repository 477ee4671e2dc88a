"""timm's names of pre-activation networks; its others have torchvision's."""

from res3d.weights.published.rename import depths, named_depth

NAME = "timm"
BLOCK = r"stages\.(\d)\.blocks\.(\d+)\."
OURS = "stage{1:+1}/block{2}/"
RULES = (
    (r"stem\.conv", "stem/conv"),
    (BLOCK + r"conv(\d)", OURS + "conv_{3:letter}/conv"),
    (BLOCK + r"norm(\d)", OURS + "conv_{3:letter}/norm"),
    (BLOCK + r"downsample\.conv", OURS + "shortcut/conv"),
    (r"norm", "last_norm"),
    (r"head\.fc", "logits"),
)
AXES = (("logits", 4),)  # its classifier is a convolution


def recognises(shapes):
    """Whether these keys are timm's."""
    return "stem.conv.weight" in shapes and "stages.0.blocks.0.norm1.weight" in shapes


def rules(shapes):
    """The rule table for a file with these keys."""
    return RULES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None: those with a norm in shortcut or stem are no rows here."""
    depth = named_depth(depths(shapes, BLOCK + ".*"), "stages.0.blocks.0.conv3.weight" in shapes)
    plain = "norm.running_mean" in shapes and tuple(shapes["stem.conv.weight"])[2:] == (7, 7)
    return f"resnet_{depth}_v2" if depth and plain else None


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with."""
    return "timm_half_224"
