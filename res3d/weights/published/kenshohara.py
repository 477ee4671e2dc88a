"""The names of kenshohara's 3D-ResNets, of the 2018 files and of the 2020 ones."""

from res3d.weights.published.rename import depths, named_depth

NAME = "kenshohara"
BLOCK = r"layer(\d)\.(\d+)\."
OURS = "stage{1}/block{2}/"

RULES = (
    (r"conv1", "stem/conv"),
    (r"bn1", "stem/norm"),
    (r"conv1_s", "stem/spatial/conv"),
    (r"bn1_s", "stem/spatial/norm"),
    (r"conv1_t", "stem/temporal/conv"),
    (r"bn1_t", "stem/temporal/norm"),
    (BLOCK + r"conv(\d)", OURS + "conv_{3:letter}/conv"),
    (BLOCK + r"bn(\d)", OURS + "conv_{3:letter}/norm"),
    (BLOCK + r"conv(\d)_s", OURS + "conv_{3:letter}/spatial/conv"),
    (BLOCK + r"bn(\d)_s", OURS + "conv_{3:letter}/spatial/norm"),
    (BLOCK + r"conv(\d)_t", OURS + "conv_{3:letter}/temporal/conv"),
    (BLOCK + r"bn(\d)_t", OURS + "conv_{3:letter}/temporal/norm"),
    (BLOCK + r"downsample\.0", OURS + "shortcut/conv"),
    (BLOCK + r"downsample\.1", OURS + "shortcut/norm"),
    (r"fc", "logits"),
)
CLASSES_2020 = (700, 1039, 1139, 800, 339, 439, 100)  # K, KM, KMS, KS, M, MS, S


def recognises(shapes):
    """Whether these keys are kenshohara's."""
    stem = shapes.get("conv1.weight", shapes.get("conv1_s.weight", ()))
    return len(stem) == 5 and ("layer1.0.conv1.weight" in shapes or _factorized(shapes))


def rules(shapes):
    """The rule table for a file with these keys."""
    return RULES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None."""
    bottleneck = "layer1.0.conv3.weight" in shapes
    depth = named_depth(depths(shapes, BLOCK + ".*"), bottleneck)
    if depth is None:
        return None
    if _factorized(shapes):
        return f"kenshohara_r2plus1d_{depth}"
    # A pre-activation norm has the channels that come in, not those its convolution makes.
    widest = "layer2.0.bn1.weight"
    if shapes[widest][0] != shapes["layer2.0.conv1.weight"][0]:
        return f"kenshohara_preact_r3d_{depth}"
    if bottleneck:
        inner, fan_in = shapes["layer1.0.conv2.weight"][:2]
        if fan_in < inner:
            return f"kenshohara_resnext3d_{depth}"
        if inner == 128:
            return f"kenshohara_wide_r3d_{depth}" + ("" if shapes["conv1.weight"][0] == 64 else "_stem128")
    subsampled = not any(".downsample." in key for key in shapes)
    return f"kenshohara_r3d_{depth}_a" if subsampled else f"kenshohara_r3d_{depth}"


def clip_preset(model, shapes, hint=""):
    """The two releases scale pixels differently; classes and layout tell which one a file is of."""
    return "kenshohara_2018_112" if release(model, shapes, hint) == 2018 else "kenshohara_112"


def release(model, shapes, hint=""):
    """2018 or 2020: only 2018 has shortcut A, pre-activation, wide and grouped networks, and 400 classes.

    A file with another number of classes was fine-tuned; those of 2018 kept the `module.` prefix, which `hint` holds.
    """
    if model.endswith("_a") or any(kind in model for kind in ("preact", "wide", "resnext")):
        return 2018
    classes = shapes.get("fc.weight", (0,))[0]
    if classes in CLASSES_2020 or _factorized(shapes):
        return 2020
    return 2018 if classes == 400 or hint.startswith("module.") else 2020


def _factorized(shapes):
    return "layer1.0.conv1_s.weight" in shapes or "layer1.0.conv2_s.weight" in shapes
