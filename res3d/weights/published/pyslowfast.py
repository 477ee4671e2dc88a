"""PySlowFast's names, and those of its Caffe2 files (`.pkl`), which are renamed to PySlowFast's first."""

import re

from res3d.weights.published import pytorchvideo
from res3d.weights.published.caffe2 import TRAINING_BLOBS
from res3d.weights.published.rename import depths, named_depth

NAME = "pyslowfast"

ABC = (
    (r"branch1", "shortcut/conv"),
    (r"branch1_bn", "shortcut/norm"),
    (r"branch2\.([abc])", "conv_{2}/conv"),
    (r"branch2\.([abc])_bn", "conv_{2}/norm"),
    (r"branch2\.se\.fc1", "squeeze/reduce"),
    (r"branch2\.se\.fc2", "squeeze/expand"),
)
NONLOCAL = (
    (r"s(\d)\.pathway0_nonlocal(\d+)\.conv_(theta|phi|g|out)", "stage{1:-1}/nonlocal{2}/{3}/conv"),
    (r"s(\d)\.pathway0_nonlocal(\d+)\.(?:bn|norm)", "stage{1:-1}/nonlocal{2}/out/norm"),
)
FUSION = (
    (r"s1_fuse\.conv_f2s", "fuse_stem/conv"),
    (r"s1_fuse\.bn", "fuse_stem/norm"),
    (r"s(\d)_fuse\.conv_f2s", "fuse_stage{1:-1}/conv"),
    (r"s(\d)_fuse\.bn", "fuse_stage{1:-1}/norm"),
)
X3D = (
    (r"s1\.pathway0_stem\.conv_xy", "stem/spatial/conv"),
    (r"s1\.pathway0_stem\.conv", "stem/temporal/conv"),
    (r"s1\.pathway0_stem\.bn", "stem/temporal/norm"),
    (r"head\.conv_5", "head/conv/conv"),
    (r"head\.conv_5_bn", "head/conv/norm"),
    (r"head\.lin_5", "head/project"),
)
HEAD = ((r"head\.projection", "logits"),)

CAFFE2 = (  # the part of a blob's name, PySlowFast's
    (r"^nonlocal_conv(\d+)_(\d+)_bn_", r"s\1.pathway0_nonlocal\2.norm_"),
    (r"^nonlocal_conv(\d+)_(\d+)_(theta|phi|g|out)_", r"s\1.pathway0_nonlocal\2.conv_\3_"),
    (r"^t_pool1_subsample_bn_", "s1_fuse.bn_"),
    (r"^t_pool1_subsample_", "s1_fuse.conv_f2s_"),
    (r"^t_res(\d+)_\d+_branch2c_bn_subsample_bn_", r"s\1_fuse.bn_"),
    (r"^t_res(\d+)_\d+_branch2c_bn_subsample_", r"s\1_fuse.conv_f2s_"),
    (r"^t_(?:res_)?conv1_bn_", "s1.pathway1_stem.bn_"),
    (r"^t_(?:res_)?conv1_", "s1.pathway1_stem.conv_"),
    (r"^(?:res_)?conv1_bn_", "s1.pathway0_stem.bn_"),
    (r"^conv1_xy_", "s1.pathway0_stem.conv_xy_"),
    (r"^(?:res_)?conv1_", "s1.pathway0_stem.conv_"),
    (r"^t_res(\d+)_(\d+)_branch(\d)([a-c])", r"s\1.pathway1_res\2.branch\3.\4"),
    (r"^t_res(\d+)_(\d+)_branch(\d)", r"s\1.pathway1_res\2.branch\3"),
    (r"^res(\d+)_(\d+)_branch(\d)([a-c])", r"s\1.pathway0_res\2.branch\3.\4"),
    (r"^res(\d+)_(\d+)_branch(\d)", r"s\1.pathway0_res\2.branch\3"),
    (r"^conv_5", "head.conv_5"),
    (r"^lin_5", "head.lin_5"),
    (r"^pred_", "head.projection_"),
    (r"b_bn_fc(\d)_", r"se.fc\1_"),
    (r"((?:^|[._])(?:bn|norm))_s$", r"\1.weight"),
    (r"((?:^|[._])(?:bn|norm))_b$", r"\1.bias"),
    (r"((?:^|[._])(?:bn|norm))_rm$", r"\1.running_mean"),
    (r"((?:^|[._])(?:bn|norm))_riv$", r"\1.running_var"),
    (r"_w$", ".weight"),
    (r"_b$", ".bias"),
)
STEM = "s1.pathway0_stem.conv.weight"


def is_caffe2(shapes):
    """Whether these keys are a Caffe2 file's blobs."""
    return "pred_w" in shapes and any(re.match(r"(t_)?res\d+_\d+_branch", key) for key in shapes)


def from_caffe2(tensors):
    """A Caffe2 file's blobs under PySlowFast's names, its optimiser's blobs left out.

    >>> list(from_caffe2({"res2_0_branch2a_bn_s": 1, "res_conv1_bn_rm": 2, "lr": 3}))
    ['s2.pathway0_res0.branch2.a_bn.weight', 's1.pathway0_stem.bn.running_mean']
    """
    renamed = {}
    for name, value in tensors.items():
        if TRAINING_BLOBS.search(name):
            continue
        for pattern, replacement in CAFFE2:
            name = re.sub(pattern, replacement, name)
        renamed[name] = value
    return renamed


def inside(tensors):
    """(tensors under PySlowFast's names, names of those that are no part of a network).

    Those are a Caffe2 file's optimiser; and in a self-supervised file, whose network lies under `backbone.`, the
    slowly moving copy of it, the memory, and the head that contrasts.
    """
    if is_caffe2(tensors):
        return from_caffe2(tensors), tuple(name for name in tensors if TRAINING_BLOBS.search(name))
    if not _self_supervised(tensors):
        return tensors, ()
    root = _root(tensors)
    ours = {name.removeprefix(root): value for name, value in tensors.items() if re.match(rf"{root}s\d[._]", name)}
    return ours, tuple(name for name in tensors if not re.match(rf"{root}s\d[._]", name))


def _root(tensors):
    return "backbone." if f"backbone.{STEM}" in tensors else ""


def _self_supervised(tensors):
    """Whether the network lies under `backbone.`, or ends in a head of several layers that contrasts."""
    return bool(_root(tensors)) or (STEM in tensors and any(
        re.match(r"head\.(predictors|projection\.(projection|layers|\d))", name) for name in tensors))


def recognises(shapes):
    """Whether these keys are PySlowFast's."""
    return STEM in shapes or f"backbone.{STEM}" in shapes or is_caffe2(shapes)


def marks(ours):
    """Names that tell `rules` which table a network of our `Anatomy` has."""
    return (*(["s1.pathway1_stem.conv.weight"] if ours.has("fast_stem") else ()),
            *(["s1.pathway0_stem.conv_xy.weight"] if ours.has("stem/spatial") else ()))


def rules(shapes):
    """The rule table for a file with these keys."""
    table = [*FUSION, *NONLOCAL, *HEAD]
    two = "s1.pathway1_stem.conv.weight" in shapes
    if "s1.pathway0_stem.conv_xy.weight" in shapes:
        table += X3D
    for number, prefix in ((0, "slow_" if two else ""), (1, "fast_")):
        table += [(rf"s1\.pathway{number}_stem\.conv", f"{prefix}stem/conv"),
                  (rf"s1\.pathway{number}_stem\.bn", f"{prefix}stem/norm")]
        table += [(rf"s(\d)\.pathway{number}_res(\d+)\.{pattern}",
                   f"{prefix}stage{{1:-1}}/block{{2}}/{template.replace('{2}', '{3}')}") for pattern, template in ABC]
    return tuple(table)


def model_of(shapes, hint=""):
    """Our name of the network with these keys, or None; the file's name settles what its tensors cannot."""
    counts = depths(shapes, r"s(\d)\.pathway0_res(\d+)\..*")
    x3d = "s1.pathway0_stem.conv_xy.weight" in shapes
    middle = shapes["s2.pathway0_res0.branch2.b.weight"]
    facts = {
        "depths": counts, "x3d": x3d, "factorized": False, "depthwise": middle[1] == 1,
        "fusion": shapes.get("s1_fuse.conv_f2s.weight", (0, 0, 0))[2],
        "stem": shapes["s1.pathway0_stem.conv.weight"][2],
        "temporal": [[shapes[f"s{stage}.pathway0_res{block}.branch2.a.weight"][2] for block in range(count)]
                     for stage, count in enumerate(counts, 2)],
        "pooled": "nopool" not in hint.lower(), "nonlocal": any("_nonlocal" in key for key in shapes),
    }
    if pytorchvideo.classes(shapes) == 1000 and not x3d and not facts["fusion"] and facts["stem"] == 1 and all(
            width == 1 for stage in facts["temporal"] for width in stage):
        depth = named_depth(counts, bottleneck=True)
        return depth and f"resnet_{depth}"  # trained on pictures, to start from: one tap in time everywhere
    return pytorchvideo.name_network(facts, hint)


def clip_preset(model, shapes, hint=""):
    """The preset that published files of this source were trained with; None is the row's own."""
    return pytorchvideo.trained_on(model, pytorchvideo.classes(shapes), "RGB", hint)
