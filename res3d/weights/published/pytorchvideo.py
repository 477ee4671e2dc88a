"""pytorchvideo's names: blocks counted through stem, stages, pools and head."""

import re

from res3d.networks.variants.table import VARIANTS
from res3d.weights.published.rename import depths, named_depth

NAME = "pytorchvideo"
PATHWAYS = ("slow", "fast")

BRANCH = (
    (r"branch1_conv", "shortcut/conv"),
    (r"branch1_norm", "shortcut/norm"),
    (r"branch2\.conv_b\.conv_t", "conv_b/temporal/conv"),
    (r"branch2\.conv_b\.norm", "conv_b/temporal/norm"),
    (r"branch2\.conv_b\.conv_xy", "conv_b/spatial/conv"),
)
SQUEEZED_B = (
    (r"branch2\.norm_b\.0", "conv_b/norm"),
    (r"branch2\.norm_b\.1\.block\.0", "squeeze/reduce"),
    (r"branch2\.norm_b\.1\.block\.2", "squeeze/expand"),
)
PLAIN_B = ((r"branch2\.norm_b", "conv_b/norm"),)
FACTORIZED_B = ((r"branch2\.norm_b", "conv_b/spatial/norm"),)
ABC = (
    (r"branch2\.conv_([abc])", "conv_{2}/conv"),
    (r"branch2\.norm_([abc])", "conv_{2}/norm"),
)
STEM = ((r"blocks\.0\.conv", "stem/conv"), (r"blocks\.0\.norm", "stem/norm"))
X3D = (  # in the published files the names of the stem's two halves are exchanged
    (r"blocks\.0\.conv\.conv_t", "stem/spatial/conv"),
    (r"blocks\.0\.conv\.conv_xy", "stem/temporal/conv"),
    (r"blocks\.0\.norm", "stem/temporal/norm"),
    (r"blocks\.5\.pool\.pre_conv", "head/conv/conv"),
    (r"blocks\.5\.pool\.pre_norm", "head/conv/norm"),
    (r"blocks\.5\.pool\.post_conv", "head/project"),
)
FUSION = (
    (r"blocks\.0\.multipathway_fusion\.conv_fast_to_slow", "fuse_stem/conv"),
    (r"blocks\.0\.multipathway_fusion\.norm", "fuse_stem/norm"),
    (r"blocks\.(\d)\.multipathway_fusion\.conv_fast_to_slow", "fuse_stage{1}/conv"),
    (r"blocks\.(\d)\.multipathway_fusion\.norm", "fuse_stage{1}/norm"),
)


def recognises(shapes):
    """Whether these keys are pytorchvideo's."""
    return any(key.startswith("blocks.0.") for key in shapes) and any(".res_blocks." in key for key in shapes)


def stage_numbers(shapes):
    """Which stage each counted block is: a pool after the first stage takes a number too."""
    counted = sorted({int(key.split(".")[1]) for key in shapes if ".res_blocks." in key})
    return {block: stage for stage, block in enumerate(counted, 1)}


def branch_rules(shapes, prefix, ours):
    """The rules inside the blocks of one stage; `prefix` has one group, the block's number, ABC's is the second."""
    factorized = any(key.endswith("branch2.conv_b.conv_t.weight") for key in shapes)
    squeezed = any(key.endswith("branch2.norm_b.0.weight") for key in shapes)
    table = (*BRANCH, *(SQUEEZED_B if squeezed else FACTORIZED_B if factorized else PLAIN_B), *ABC)
    return [(prefix + pattern, ours + template) for pattern, template in table]


def marks(ours):
    """Names that tell `rules` which table a network of our `Anatomy` has."""
    two = ours.has("fast_stem")
    inside = "multipathway_blocks.0." if two else ""
    first = [1, 3, 4, 5] if ours.pooled else [1, 2, 3, 4]
    return (*(f"blocks.{block}.{inside}res_blocks.0.branch1_conv.weight" for block in first),
            *(["blocks.0.multipathway_blocks.0.conv.weight"] if two else ()),
            *(["blocks.0.conv.conv_t.weight", "blocks.1.res_blocks.0.branch2.norm_b.0.weight"]
              if ours.has("stem/spatial") else ()),
            *(["blocks.1.res_blocks.0.branch2.conv_b.conv_t.weight"] if ours.has("stage1/block0/conv_b/temporal")
              else ()))


def rules(shapes):
    """The rule table for a file with these keys."""
    two = "blocks.0.multipathway_blocks.0.conv.weight" in shapes
    last = max(stage_numbers(shapes), default=4) + (2 if two else 1)  # the pool of two pathways takes a number
    table = [*FUSION, (rf"blocks\.(?:{last}|\d)\.proj", "logits")]
    if two:
        for number, pathway in enumerate(PATHWAYS):
            inside = rf"\.multipathway_blocks\.{number}\."
            table += [(rf"blocks\.0{inside}conv", f"{pathway}_stem/conv"),
                      (rf"blocks\.0{inside}norm", f"{pathway}_stem/norm")]
            for block, stage in stage_numbers(shapes).items():
                table += branch_rules(shapes, rf"blocks\.{block}{inside}res_blocks\.(\d+)\.",
                                      f"{pathway}_stage{stage}/block{{1}}/")
        return tuple(table)
    table += X3D if "blocks.0.conv.conv_t.weight" in shapes else STEM
    for block, stage in stage_numbers(shapes).items():
        table += branch_rules(shapes, rf"blocks\.{block}\.res_blocks\.(\d+)\.", f"stage{stage}/block{{1}}/")
    return tuple(table)


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None; the file's name settles what its tensors cannot."""
    stages = list(stage_numbers(shapes))
    inside = "multipathway_blocks.0." if "blocks.0.multipathway_blocks.0.conv.weight" in shapes else ""
    counts = depths(shapes, rf"blocks\.(\d)\.{re.escape(inside)}res_blocks\.(\d+)\..*")

    def weight(stage, block, unit):
        return shapes.get(f"blocks.{stages[stage]}.{inside}res_blocks.{block}.branch2.{unit}.weight", (0,) * 5)

    return name_network({
        "depths": counts,
        "x3d": "blocks.0.conv.conv_t.weight" in shapes,
        "fusion": shapes.get("blocks.0.multipathway_fusion.conv_fast_to_slow.weight", (0,) * 5)[2],
        "factorized": "blocks.1.res_blocks.0.branch2.conv_b.conv_t.weight" in shapes,
        "depthwise": weight(0, 0, "conv_b")[1] == 1,
        "stem": shapes.get("blocks.0.conv.weight", (0,) * 5)[2],
        "temporal": [[weight(stage, block, "conv_a")[2] for block in range(count)]
                     for stage, count in enumerate(counts)],
        "pooled": 2 not in stages,
        "nonlocal": False,
    }, hint)


def name_network(facts, hint=""):
    """Our name of a network with these facts, or None.

    Args:
        facts: dict. `depths`; `fusion`, temporal width of the lateral convolutions or 0; `stem`, that of the stem;
            `temporal`, widths of the first convolutions by stage and block; whether it is `x3d`, `factorized`,
            `depthwise`, `nonlocal`, and `pooled` after the first stage.
        hint: str. The file's name.
    """
    hint = hint.lower()
    if facts["x3d"]:
        if facts["depths"] == (5, 10, 25, 15):
            return "x3d_l"
        return next((f"x3d_{size}" for size in ("xs", "s", "m") if f"x3d_{size}" in hint.replace("-", "_")), "x3d_m")
    depth = named_depth(facts["depths"], bottleneck=True)
    if depth is None:
        return None
    if facts["fusion"]:
        if facts["nonlocal"]:
            return None  # which no two-pathway row has
        if depth == 50:
            return "slowfast_r50_4x16" if facts["fusion"] == 5 else "slowfast_r50_8x8"
        if 1 not in facts["temporal"][2]:
            return f"slowfast_r{depth}_8x8"
        return f"slowfast_r{depth}_50_50_{'8x8' if '_8x8' in hint or '_32x2' in hint else '16x8'}"
    if facts["factorized"]:
        return f"r2plus1d_r{depth}"
    if facts["depthwise"]:
        return f"ir_csn_{depth}"
    if facts["stem"] == 5:
        return f"i3d_nl_r{depth}" if facts["nonlocal"] else f"i3d_r{depth}"
    if any(3 in stage for stage in facts["temporal"]):
        return f"slow_r{depth}" + ("_4x16" if depth == 50 and "4x16" in hint else "")
    return f"c2d_r{depth}" if facts["pooled"] else f"c2d_nopool_r{depth}"


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    return trained_on(model, classes(shapes), "BGR", hint)


def classes(shapes):
    """Outputs of the classifier, or None."""
    return next((shape[0] for shape in reversed(shapes.values()) if len(shape) == 2), None)


def trained_on(model, count, order, hint):
    """The clip of networks for Something-Something and Charades, told by their 174 and 157 classes.

    `order` is that of the channels that these saw; those for Something-Something saw one frame of each part of a video.
    """
    clip = VARIANTS[model].native_clip if model in VARIANTS else None
    if clip is None or count not in (174, 157):
        return None
    if model.startswith("slowfast_r50") and "16x8" in hint:
        clip = clip.replace(frames=64)
    parts = {"sampling": "segments"} if count == 174 else {}
    return clip.replace(channel_order=order, **parts)
