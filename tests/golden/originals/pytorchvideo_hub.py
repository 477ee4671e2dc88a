"""pytorchvideo's own networks, and the same networks under PySlowFast's names.

PySlowFast needs a compiled detectron2 and is on no registry in a form that installs; its networks of this family are
pytorchvideo's (the same authors moved them), but for three things stated here: C2D without pooling, a batch norm on
every X3D projection, and non-local blocks.
"""

import re

import torch
from pytorchvideo.models import hub
from pytorchvideo.models.csn import create_csn
from pytorchvideo.models.resnet import create_resnet
from pytorchvideo.models.slowfast import create_slowfast
from torch import nn

ONE, THREE = (1, 1, 1), (3, 1, 1)
C2D = {"stem_conv_kernel_size": (1, 7, 7), "stage_conv_a_kernel_size": (ONE,) * 4}
I3D = {"stem_conv_kernel_size": (5, 7, 7),
       "stage_conv_a_kernel_size": (THREE, [THREE, ONE], [THREE, ONE], [ONE, THREE]), "stage1_pool": nn.MaxPool3d}
SLOW = {"stem_conv_kernel_size": (1, 7, 7)}


class SlowAndFast(nn.Module):
    """A two-pathway network fed from one clip: the slow pathway sees every alpha-th frame, ends included."""

    def __init__(self, net, alpha):
        super().__init__()
        self.net, self.alpha = net, alpha

    def forward(self, x):
        frames = x.shape[2]
        index = torch.linspace(0, frames - 1, frames // self.alpha).long()
        return self.net([x.index_select(2, index), x])


def slowfast_4x16():
    """pytorchvideo's slow pathway of 4 frames beside 32; the hub has it as a file but not as a function."""
    net = create_slowfast(slowfast_fusion_conv_kernel_size=(5, 1, 1), slowfast_fusion_conv_stride=(8, 1, 1),
                          slowfast_channel_reduction_ratio=(8,), head_pool_kernel_sizes=((4, 7, 7), (32, 7, 7)))
    return SlowAndFast(net, 8)


NETS = {
    "slow_r50_4x16": lambda: create_resnet(**SLOW, head_pool_kernel_size=(4, 7, 7)),
    "slow_r50": hub.slow_r50,
    "slow_r101": lambda: create_resnet(**SLOW, model_depth=101, head_pool_kernel_size=(8, 7, 7)),
    "c2d_r50": hub.c2d_r50,
    "c2d_nopool_r50": lambda: create_resnet(**C2D, head_pool_kernel_size=(8, 7, 7)),
    "i3d_r50": hub.i3d_r50,
    "slowfast_r50_4x16": slowfast_4x16,
    "slowfast_r50": lambda: SlowAndFast(hub.slowfast_r50(), 4),
    "slowfast_r101": lambda: SlowAndFast(hub.slowfast_r101(), 4),
    "slowfast_r101_50_50": lambda: SlowAndFast(hub.slowfast_16x8_r101_50_50(), 4),
    "csn_r50": lambda: create_csn(model_depth=50, stem_pool=nn.MaxPool3d, head_pool_kernel_size=(4, 7, 7)),
    "csn_r101": hub.csn_r101,
    "r2plus1d_r50": hub.r2plus1d_r50,
    "x3d_xs": hub.x3d_xs,
    "x3d_s": hub.x3d_s,
    "x3d_m": hub.x3d_m,
    "x3d_l": hub.x3d_l,
}


def net(name):
    """A network as pytorchvideo builds it (X3D and R(2+1)D answer with probabilities), and where its stages end."""
    built = NETS[name]()
    return built, _taps(built)


def _taps(built):
    """Stages by name; of two pathways, each before the other is joined to it."""
    inner, root = (built.net, "net.") if isinstance(built, SlowAndFast) else (built, "")
    paths = {"stem": f"{root}blocks.0"}
    for index, block in enumerate(inner.blocks):
        if hasattr(getattr(block, "multipathway_blocks", [block])[0], "res_blocks"):
            paths[f"stage{len(paths)}"] = f"{root}blocks.{index}"
    if root:
        return {f"{pathway}_{tap}": f"{path}.multipathway_blocks.{number}" for tap, path in paths.items()
                for number, pathway in enumerate(("slow", "fast"))}
    return paths


class NonLocal(nn.Module):
    """y = x + norm(out(softmax(theta(x) phi(p)) g(p))), p the input max-pooled by two in space."""

    def __init__(self, channels):
        super().__init__()
        inner = channels // 2
        self.conv_theta, self.conv_phi, self.conv_g = (nn.Conv3d(channels, inner, 1) for _ in range(3))
        self.conv_out, self.norm = nn.Conv3d(inner, channels, 1), nn.BatchNorm3d(channels)
        self.pool = nn.MaxPool3d((1, 2, 2))

    def forward(self, x):
        pooled = self.pool(x)
        theta, phi, g = self.conv_theta(x), self.conv_phi(pooled), self.conv_g(pooled)
        weights = torch.softmax(theta.flatten(2).transpose(1, 2) @ phi.flatten(2) / theta.shape[1] ** 0.5, 2)
        y = (g.flatten(2) @ weights.transpose(1, 2)).reshape(theta.shape)
        return x + self.norm(self.conv_out(y))


def _with_nonlocal(built):
    for block, indices in ((3, (1, 3)), (4, (1, 3, 5))):
        stage = built.blocks[block].res_blocks
        for index in indices:
            channels = stage[index].branch2.conv_c.out_channels
            stage[index] = nn.Sequential(stage[index], NonLocal(channels))
    return built


def _with_all_norms(built):
    for stage in built.blocks:
        for block in getattr(stage, "res_blocks", ()):
            if block.branch1_conv is not None and block.branch1_norm is None:
                block.branch1_norm = nn.BatchNorm3d(block.branch1_conv.out_channels)
    return built


# pytorchvideo's name to PySlowFast's, applied in order; {0} becomes the stage.
RENAMED = (
    (r"^net\.", ""),
    (r"^blocks\.0\.multipathway_blocks\.(\d)\.conv\.", r"s1.pathway\1_stem.conv."),
    (r"^blocks\.0\.multipathway_blocks\.(\d)\.norm\.", r"s1.pathway\1_stem.bn."),
    (r"^blocks\.(\d)\.multipathway_fusion\.conv_fast_to_slow\.", r"s\1_fuse.conv_f2s."),
    (r"^blocks\.(\d)\.multipathway_fusion\.norm\.", r"s\1_fuse.bn."),
    (r"^blocks\.(\d)\.multipathway_blocks\.(\d)\.res_blocks\.(\d+)\.", r"s\1.pathway\2_res\3."),
    (r"^blocks\.0\.conv\.conv_t\.", r"s1.pathway0_stem.conv_xy."),
    (r"^blocks\.0\.conv\.conv_xy\.", r"s1.pathway0_stem.conv."),
    (r"^blocks\.0\.conv\.", r"s1.pathway0_stem.conv."),
    (r"^blocks\.0\.norm\.", r"s1.pathway0_stem.bn."),
    (r"^blocks\.(\d)\.res_blocks\.(\d+)\.1\.", r"s\1.pathway0_nonlocal\2."),
    (r"^blocks\.(\d)\.res_blocks\.(\d+)\.(0\.)?", r"s\1.pathway0_res\2."),
    (r"\.branch1_conv\.", ".branch1."),
    (r"\.branch1_norm\.", ".branch1_bn."),
    (r"\.branch2\.conv_([abc])\.", r".branch2.\1."),
    (r"\.branch2\.norm_b\.0\.", ".branch2.b_bn."),
    (r"\.branch2\.norm_b\.1\.block\.0\.", ".branch2.se.fc1."),
    (r"\.branch2\.norm_b\.1\.block\.2\.", ".branch2.se.fc2."),
    (r"\.branch2\.norm_([abc])\.", r".branch2.\1_bn."),
    (r"^blocks\.5\.pool\.pre_conv\.", "head.conv_5."),
    (r"^blocks\.5\.pool\.pre_norm\.", "head.conv_5_bn."),
    (r"^blocks\.5\.pool\.post_conv\.", "head.lin_5."),
    (r"^blocks\.\d\.proj\.", "head.projection."),
)


def pyslowfast_net(name):
    """(network, taps, rename): `rename` gives the key PySlowFast has for one of the network's own."""
    changed = {"i3d_nl_r50": lambda: _with_nonlocal(hub.i3d_r50())}
    if name.startswith("x3d"):
        built = _with_all_norms(NETS[name]())
    else:
        built = changed[name]() if name in changed else NETS[name]()
    inner = built.net if isinstance(built, SlowAndFast) else built
    numbers, stage = {0: 1}, 1
    for index, block in enumerate(inner.blocks):
        first = getattr(block, "multipathway_blocks", [block])[0]
        if hasattr(first, "res_blocks"):
            stage += 1
            numbers[index] = stage

    def rename(key):
        key = re.sub(r"^(net\.)?blocks\.(\d)\.(?=multipathway|res_blocks)",
                     lambda match: f"blocks.{numbers.get(int(match[2]), match[2])}.", key)
        key = key.replace("blocks.1.multipathway_blocks", "blocks.0.multipathway_blocks")
        for pattern, replacement in RENAMED:
            key = re.sub(pattern, replacement, key)
        return key

    return built, _taps(built), rename
