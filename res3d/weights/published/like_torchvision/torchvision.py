"""torchvision's names, of its video networks and of its image networks."""

import re

from res3d.weights.published.rename import depths, named_depth

NAME = "torchvision"
BLOCK = r"layer(\d)\.(\d+)\."
OURS = "stage{1}/block{2}/"
SHORTCUT = ((BLOCK + r"downsample\.0", OURS + "shortcut/conv"), (BLOCK + r"downsample\.1", OURS + "shortcut/norm"))
HEAD = ((r"fc", "logits"),)

IMAGES = (
    (r"conv1", "stem/conv"),
    (r"bn1", "stem/norm"),
    (BLOCK + r"conv(\d)", OURS + "conv_{3:letter}/conv"),
    (BLOCK + r"bn(\d)", OURS + "conv_{3:letter}/norm"),
    *SHORTCUT, *HEAD,
)
VIDEO = (
    (BLOCK + r"conv(\d)\.0", OURS + "conv_{3:letter}/conv"),
    (BLOCK + r"conv(\d)\.1", OURS + "conv_{3:letter}/norm"),
    *SHORTCUT, *HEAD,
)
FULL_STEM = ((r"stem\.0", "stem/conv"), (r"stem\.1", "stem/norm"))
FACTORIZED_STEM = (
    (r"stem\.0", "stem/spatial/conv"),
    (r"stem\.1", "stem/spatial/norm"),
    (r"stem\.3", "stem/temporal/conv"),
    (r"stem\.4", "stem/temporal/norm"),
)
FACTORIZED = (  # before VIDEO: the norm of the whole unit is the norm of its temporal half
    (BLOCK + r"conv(\d)\.0\.0", OURS + "conv_{3:letter}/spatial/conv"),
    (BLOCK + r"conv(\d)\.0\.1", OURS + "conv_{3:letter}/spatial/norm"),
    (BLOCK + r"conv(\d)\.0\.3", OURS + "conv_{3:letter}/temporal/conv"),
    (BLOCK + r"conv(\d)\.1", OURS + "conv_{3:letter}/temporal/norm"),
)

MIXED = {  # which stages convolve in time, and whether the stem does: the family of mixed convolutions
    ((True,) * 4, True): "r3d", ((False,) * 4, True): "mc2", ((True, False, False, False), True): "mc3",
    ((True, True, False, False), True): "mc4", ((True, True, True, False), True): "mc5", ((True,) * 4, False): "rmc2",
    ((False, True, True, True), False): "rmc3", ((False, False, True, True), False): "rmc4",
    ((False, False, False, True), False): "rmc5", ((False,) * 4, False): "fr2d",
}


def recognises(shapes):
    """Whether these keys are torchvision's."""
    if "stem.0.weight" in shapes:
        first = any(f"layer1.0.conv1.{inner}.weight" in shapes for inner in ("0", "0.0"))
        return first and not is_vmz(shapes)
    return len(shapes.get("conv1.weight", ())) == 4 and "layer1.0.conv1.weight" in shapes


def is_vmz(shapes):
    """VMZ's networks have torchvision's names; the middle width of a factorized or separated unit tells them apart."""
    deep = "layer1.0.conv3.0.weight" in shapes
    second = shapes.get("layer2.0.conv2.0.0.weight", (0,))[0]
    return deep or second == 288


def marks(ours):
    """Names that tell `rules` which table a network of our `Anatomy` has."""
    if ours.rank == 2:
        return ()
    return ("stem.0.weight", *(["stem.3.weight"] if ours.has("stem/temporal") else ()),
            *(["layer1.0.conv1.0.0.weight"] if ours.has("stage1/block0/conv_a/spatial") else ()))


def rules(shapes):
    """The rule table for a file with these keys."""
    if "stem.0.weight" not in shapes:
        return IMAGES
    stem = FACTORIZED_STEM if "stem.3.weight" in shapes else FULL_STEM
    if "layer1.0.conv1.0.0.weight" not in shapes:
        return stem + VIDEO
    return stem + FACTORIZED + VIDEO


def depth_of(shapes, inside=""):
    """The number that the depth of a network with these names of blocks is known by, or None; `inside` goes before."""
    return named_depth(depths(shapes, re.escape(inside) + BLOCK + ".*"), f"{inside}layer1.0.conv3.weight" in shapes)


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None."""
    depth = depth_of(shapes)
    if "stem.0.weight" not in shapes:
        bottleneck = "layer1.0.conv3.weight" in shapes
        inner, fan_in = shapes["layer1.0.conv2.weight"][:2]
        if depth and bottleneck and (inner, fan_in) != (64, 64):
            kinds = {(128, 128): f"wide_resnet_{depth}_2", (128, 4): f"resnext_{depth}_32x4d",
                     (256, 8): f"resnext_{depth}_32x8d"}
            return kinds.get((inner, fan_in))
        return depth and f"resnet_{depth}"
    if depth and "layer1.0.conv1.0.0.weight" in shapes:
        return f"r2plus1d_{depth}"
    temporal = tuple(shapes[f"layer{stage}.0.conv1.0.weight"][2] > 1 for stage in (1, 2, 3, 4))
    family = MIXED.get((temporal, shapes["stem.0.weight"][2] > 1))
    return family and depth and f"{family}_{depth}"


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    return
