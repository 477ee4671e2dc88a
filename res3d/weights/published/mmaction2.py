"""mmaction2's names: convolution and norm inside a module each, the classifier under `cls_head`."""

import re

from res3d.geometry import preset
from res3d.geometry.scalings import SCALINGS
from res3d.weights.published.rename import depths, named_depth

NAME = "mmaction2"
ROOT = r"(?:backbone\.|)"
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
PRESETS = ("mmaction_8x8", "mmaction_4x16", "mmaction_32x2")
FLOW_SCALE: dict = {"mean": 128.0, "std": 128.0}  # of optical flow, x and y in each channel's turn
SHIFTED = ((BLOCK + r"conv1\.conv\.net", OURS + "conv_a/conv"),)  # what the temporal shift wraps
RULES = (
    (ROOT + r"conv1\.conv", "stem/conv"),
    (ROOT + r"conv1\.bn", "stem/norm"),
    (BLOCK + r"conv(\d)\.conv", OURS + "conv_{3:letter}/conv"),
    (BLOCK + r"conv(\d)\.bn", OURS + "conv_{3:letter}/norm"),
    (BLOCK + r"downsample\.conv", OURS + "shortcut/conv"),
    (BLOCK + r"downsample\.bn", OURS + "shortcut/norm"),
    (r"(?:cls_head\.|)(?:|new_)fc_cls", "logits"),
)


def recognises(shapes):
    """Whether these keys are mmaction2's."""
    return any(f"{root}conv1.conv.weight" in shapes for root in ("", "backbone.")) or any(
        key.startswith("backbone.slow_path.") for key in shapes)


def marks(ours):
    """Names that tell `rules` which table a network of our `Anatomy` has."""
    return (*(["layer1.0.conv1.conv.net.weight"] if ours.shifted else ()),
            *(["layer1.0.conv2.0.conv.weight"] if ours.depthwise else ()),
            *(["layer1.0.conv2.0.conv.weight", "layer1.0.conv2.1.conv.weight"]
              if ours.has("stage1/block0/conv_b/pointwise") else ()))


def rules(shapes):
    """The rule table for a file with these keys."""
    def known(name):
        return any(f"{root}layer1.0.{name}.weight" in shapes for root in ("", "backbone."))
    table = SEPARATED if known("conv2.1.conv") else DEPTHWISE if known("conv2.0.conv") else ()
    return (SHIFTED if known("conv1.conv.net") else ()) + table + RULES


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None."""
    shapes = {key.removeprefix("backbone."): shape for key, shape in shapes.items()}
    if "conv1.conv.weight" not in shapes:
        return None  # SlowFast: its lateral convolutions have no norm, a network of its own
    if any("non_local_block" in key for key in shapes):
        return None  # which follow other blocks than in our rows
    bottleneck = "layer1.0.conv3.conv.weight" in shapes
    depth = named_depth(depths(shapes, BLOCK + ".*"), bottleneck)
    stem = shapes["conv1.conv.weight"]
    if depth is None:
        return None
    if len(stem) == 4:
        return _of_pictures(shapes, depth, hint)
    if "layer1.0.conv2.0.conv.weight" in shapes:
        return f"vmz_{'ip' if 'layer1.0.conv2.1.conv.weight' in shapes else 'ir'}_csn_{depth}"
    heavy = shapes["layer4.0.conv1.conv.weight"][2] == 3
    if stem[2] == 5:
        return f"mmaction_i3d_heavy_r{depth}" if heavy else f"mmaction_i3d_r{depth}"
    return f"mmaction_slow_r{depth}"


def _of_pictures(shapes, depth, hint):
    """TSM shifts between its frames; TSN is a network of pictures, and so is a C2D that pools in space only."""
    if "layer1.0.conv1.conv.net.weight" in shapes:
        return f"tsm_r{depth}"
    if re.search(r"(^|\s)c2d_", hint) and "nopool" not in hint:
        return None  # pools over time too, and its stem's pool has no padding
    return f"resnet_{depth}"


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    pictures = model.startswith(("tsm", "resnet"))
    clip = preset("mmaction_8x8" if pictures or "slow" in model else "mmaction_32x2")
    clip = clip.replace(**timing(hint.lower(), segments=pictures))
    if "csn" in model and any(start in hint.lower() for start in ("sports1m", "from_scratch")):
        clip = clip.replace(**SCALINGS["vmz_255"])
    channels = next(shape[1] for key, shape in shapes.items() if key.endswith("conv1.conv.weight"))
    if channels != 3:
        return clip.replace(channels=channels, **FLOW_SCALE)
    return clip if pictures else next((name for name in PRESETS if preset(name) == clip), clip)


def timing(hint, segments):
    """Fields of a clip from a file's name: 8x8x1 is a clip of 8 frames at stride 8, 1x1x8 is 8 clips of one frame.

    >>> timing("slowonly_r50_8x4x1_64e_hmdb51_rgb.pth", False)
    {'frames': 8, 'stride': 4}
    >>> timing("tsm_r50_1x1x16_50e_sthv2_rgb.pth", True)
    {'frames': 16, 'sampling': 'segments'}
    """
    found = re.search(r"(?<!\d)(\d+)x(\d+)x(\d+)(?!\d)", hint)
    length, stride, count = map(int, found.groups()) if found else (1, 1, 8) if segments else (0, 0, 0)
    if not length:
        return {"frames": 4, "stride": 16} if "4x16" in hint else {}
    if length > 1:
        return {"frames": length, "stride": stride}
    if "dense" in hint:  # out of a window of 64 frames
        return {"frames": count, "stride": 64 // count}
    return {"frames": count, "sampling": "segments"}
