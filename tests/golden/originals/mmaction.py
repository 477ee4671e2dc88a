"""mmaction2's own backbones under its own configurations, with its classifier (mean, then one dense layer).

The package's `models` module imports files that its wheel lacks, so the backbones are imported past it.
"""

import importlib
import sys
import types
import warnings

from torch import nn

warnings.simplefilter("ignore")
import mmaction  # noqa: E402

for part in ("", ".backbones", ".utils"):
    module = types.ModuleType(f"mmaction.models{part}")
    module.__path__ = [f"{mmaction.__path__[0]}/models{part.replace('.', '/')}"]
    sys.modules[f"mmaction.models{part}"] = module


def backbone(file, kind, **options):
    """A class of mmaction.models.backbones, built."""
    return getattr(importlib.import_module(f"mmaction.models.backbones.{file}"), kind)(pretrained=None, **options)


SLOW = {"lateral": False, "conv1_kernel": (1, 7, 7), "conv1_stride_t": 1, "pool1_stride_t": 1, "inflate": (0, 0, 1, 1)}
I3D = {"pretrained2d": False, "conv1_kernel": (5, 7, 7), "conv1_stride_t": 2, "pool1_stride_t": 2,
       "inflate": ((1, 1, 1), (1, 0, 1, 0), (1, 0, 1, 0, 1, 0), (0, 1, 0)), "zero_init_residual": False}
BACKBONES = {
    "slowonly_r50_4x16": lambda: backbone("resnet3d_slowonly", "ResNet3dSlowOnly", depth=50, **SLOW),
    "slowonly_r101": lambda: backbone("resnet3d_slowonly", "ResNet3dSlowOnly", depth=101, **SLOW),
    "tsm_r50": lambda: backbone("resnet_tsm", "ResNetTSM", depth=50, num_segments=8, shift_div=8),
    "i3d_r50": lambda: backbone("resnet3d", "ResNet3d", depth=50, **I3D),
    "i3d_heavy_r50": lambda: backbone("resnet3d", "ResNet3d", depth=50, **{
        **I3D, "inflate": (1, 1, 1, 1), "conv1_stride_t": 1, "pool1_stride_t": 1}),
    "ircsn_r50": lambda: backbone("resnet3d_csn", "ResNet3dCSN", depth=50, pretrained2d=False, with_pool2=False,
                                  bottleneck_mode="ir", zero_init_residual=False),
    "ircsn_r152": lambda: backbone("resnet3d_csn", "ResNet3dCSN", depth=152, pretrained2d=False, with_pool2=False,
                                   bottleneck_mode="ir", zero_init_residual=False),
    "ipcsn_r152": lambda: backbone("resnet3d_csn", "ResNet3dCSN", depth=152, pretrained2d=False, with_pool2=False,
                                   bottleneck_mode="ip", zero_init_residual=False),
}


class Head(nn.Module):
    """mmaction2's I3D and TSM heads at test time: mean over space (and time), then dense."""

    def __init__(self, channels, classes):
        super().__init__()
        self.fc_cls = nn.Linear(channels, classes)

    def forward(self, features):
        return self.fc_cls(features.mean(tuple(range(2, features.ndim))))


class Recognizer(nn.Module):
    """A backbone and its classifier; TSM folds its frames into the batch and averages their logits."""

    def __init__(self, name, classes):
        super().__init__()
        self.backbone = BACKBONES[name]()
        self.fold = name.startswith("tsm")
        self.cls_head = Head(2048, classes)

    def forward(self, x):
        if self.fold:
            frames = x.transpose(1, 2).flatten(0, 1)
            return self.cls_head(self.backbone(frames)).mean(0, keepdim=True)
        return self.cls_head(self.backbone(x))


def net(name, classes=400):
    """An mmaction2 recogniser, and where its stages end."""
    return Recognizer(name, classes), {f"stage{n}": f"backbone.layer{n}" for n in range(1, 5)}
