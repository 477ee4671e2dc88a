"""mmaction2's names: convolution and norm inside a module each, the classifier under `cls_head`."""

import re

from res3d.geometry import preset
from res3d.weights.published.rename import depths, named_depth

NAME = "mmaction2"
ROOT = r"(?:backbone\.)?"
BLOCK = ROOT + r"layer(\d)\.(\d+)\."
OURS = "stage{1}/block{2}/"

# The middle of a channel-separated bottleneck: pointwise and depthwise (ip), or depthwise alone (ir).
SEPARATED = (
    (BLOCK + r"conv2\.0\.conv", OURS + "conv_b/pointwise/conv"),
    (BLOCK + r"conv2\.0\.bn", OURS + "conv_b/pointwise/norm"),
    (BLOCK + r"conv2\.1\.conv", OURS + "conv_b/depthwise/conv"),
    (BLOCK + r"conv2\.1\.bn", OURS + "conv_b/depthwise/norm"),
)
DEPTHWISE = ((BLOCK + r"conv2\.0\.conv", OURS + "conv_b/conv"), (BLOCK + r"conv2\.0\.bn", OURS + "conv_b/norm"))
# Channel-separated networks that did not start from IG-65M saw these pixels.
OWN_SCALE = {"mean": (110.2008, 100.63983, 95.99475), "std": (58.14765, 56.46975, 55.332195)}
RULES = (
    (ROOT + r"conv1\.conv", "stem/conv"),
    (ROOT + r"conv1\.bn", "stem/norm"),
    (BLOCK + r"conv(\d)\.conv(?:\.net)?", OURS + "conv_{3:letter}/conv"),  # `net` is what the temporal shift wraps
    (BLOCK + r"conv(\d)\.bn", OURS + "conv_{3:letter}/norm"),
    (BLOCK + r"downsample\.conv", OURS + "shortcut/conv"),
    (BLOCK + r"downsample\.bn", OURS + "shortcut/norm"),
    (r"(?:cls_head\.)?(?:new_)?fc_cls", "logits"),
)


def recognises(shapes):
    """Whether these keys are mmaction2's."""
    return any(f"{root}conv1.conv.weight" in shapes for root in ("", "backbone.")) or any(
        key.startswith("backbone.slow_path.") for key in shapes)


def rules(shapes):
    """The rule table for a file with these keys."""
    preserved = any(key.endswith("layer1.0.conv2.1.conv.weight") for key in shapes)
    return (SEPARATED if preserved else DEPTHWISE) + RULES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None."""
    shapes = {key.removeprefix("backbone."): shape for key, shape in shapes.items()}
    if "conv1.conv.weight" not in shapes:
        return None  # SlowFast: its lateral convolutions have no norm, a network of its own
    depth = named_depth(depths(shapes, BLOCK + ".*"), bottleneck=True)
    stem = shapes["conv1.conv.weight"]
    if depth is None:
        return None
    if len(stem) == 4:
        return f"tsm_r{depth}" if "layer1.0.conv1.conv.net.weight" in shapes else None
    if "layer1.0.conv2.0.conv.weight" in shapes:
        return f"vmz_{'ip' if 'layer1.0.conv2.1.conv.weight' in shapes else 'ir'}_csn_{depth}"
    heavy = shapes["layer4.0.conv1.conv.weight"][2] == 3
    if stem[2] == 5:
        return f"mmaction_i3d_heavy_r{depth}" if heavy else f"mmaction_i3d_r{depth}"
    return f"mmaction_slow_r{depth}"


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    if "slow" in model:
        return "mmaction_4x16" if "4x16" in hint.lower() else "mmaction_8x8"
    if model.startswith("tsm"):  # of 64 frames in a row, or of the whole video
        frames = re.search(r"1x1x(\d+)", hint)
        clip = preset("mmaction_8x8" if "dense" in hint.lower() else "tsn_8")
        return clip.replace(frames=int(frames[1]), stride=64 // int(frames[1])) if frames else clip
    own = "csn" in model and ("sports1m" in hint.lower() or "180e" in hint)
    return preset("mmaction_32x2").replace(**OWN_SCALE) if own else "mmaction_32x2"
