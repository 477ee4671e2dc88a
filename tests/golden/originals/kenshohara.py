"""The networks of kenshohara's 3D-ResNets, which no package registry carries, restated plainly.

Written from the published facts (layer order, widths, strides, key names), independent of the Keras code they test:
`r3d`, `pre_activation`, `wide`, `resnext` of the 2018 release and `r3d`, `r2plus1d` of the 2020 one.
"""

import torch
from torch import nn
from torch.nn import functional

DEPTHS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3),
          152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}
TAPS = {"stem": "maxpool", "stage1": "layer1", "stage2": "layer2", "stage3": "layer3", "stage4": "layer4"}


def conv(inputs, outputs, kernel, stride=1, groups=1):
    """A convolution padded to keep the size when its stride is one."""
    kernel = (kernel,) * 3 if isinstance(kernel, int) else kernel
    return nn.Conv3d(inputs, outputs, kernel, stride, [k // 2 for k in kernel], groups=groups, bias=False)


class SubsampleAndZeros(nn.Module):
    """Shortcut A: every stride-th position, and zeros for the channels that are missing."""

    def __init__(self, outputs, stride):
        super().__init__()
        self.outputs, self.stride = outputs, stride

    def forward(self, x):
        x = x[:, :, ::self.stride, ::self.stride, ::self.stride]
        return functional.pad(x, (0, 0, 0, 0, 0, 0, 0, self.outputs - x.shape[1]))


def shortcut(kind, inputs, outputs, stride):
    """What the residual is added to; None is the input itself."""
    if stride == 1 and inputs == outputs:
        return None
    if kind == "A":
        return SubsampleAndZeros(outputs, stride)
    return nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm3d(outputs))


class Block(nn.Module):
    """Two 3x3x3 convolutions, or 1, 3, 1 with the stride on the middle one; norm after or before each convolution."""

    def __init__(self, inputs, width, stride, kind="B", expansion=1, bottleneck=False, groups=1, before=False):
        super().__init__()
        outputs = width * expansion if bottleneck else width
        mid = width if groups == 1 else groups * width // 32
        if bottleneck:
            plan = [(inputs, mid, 1, 1, 1), (mid, mid, 3, stride, groups), (mid, outputs, 1, 1, 1)]
        else:
            plan = [(inputs, width, 3, stride, 1), (width, width, 3, 1, 1)]
        for number, (channels_in, channels_out, kernel, step, split) in enumerate(plan, 1):
            self.add_module(f"conv{number}", conv(channels_in, channels_out, kernel, step, split))
            self.add_module(f"bn{number}", nn.BatchNorm3d(channels_in if before else channels_out))
        self.count, self.before = len(plan), before
        self.downsample = shortcut(kind, inputs, outputs, stride)
        self.outputs = outputs

    def forward(self, x):
        y = x
        for number in range(1, self.count + 1):
            convolve, norm = self.get_submodule(f"conv{number}"), self.get_submodule(f"bn{number}")
            if self.before:
                y = convolve(norm(y).relu())
            else:
                y = norm(convolve(y))
                y = y.relu() if number < self.count else y
        y = y + (x if self.downsample is None else self.downsample(x))
        return y if self.before else y.relu()


class FactorizedBlock(nn.Module):
    """Space, norm, ReLU, time in the place of each 3x3x3 convolution; every middle width from its own channels."""

    def __init__(self, inputs, width, stride, bottleneck=False):
        super().__init__()
        outputs = width * 4 if bottleneck else width
        self.steps = []
        if bottleneck:
            self._point(1, inputs, width)
            self._factorized(2, width, width, stride)
            self._point(3, width, outputs)
        else:
            self._factorized(1, inputs, width, stride)
            self._factorized(2, width, width, 1)
        self.downsample = shortcut("B", inputs, outputs, stride)
        self.outputs = outputs

    def _point(self, number, inputs, outputs):
        self.add_module(f"conv{number}", conv(inputs, outputs, 1))
        self.add_module(f"bn{number}", nn.BatchNorm3d(outputs))
        self.steps.append((f"conv{number}", f"bn{number}"))

    def _factorized(self, number, inputs, outputs, stride):
        mid = inputs * outputs * 27 // (inputs * 9 + 3 * outputs)
        self.add_module(f"conv{number}_s", conv(inputs, mid, (1, 3, 3), (1, stride, stride)))
        self.add_module(f"bn{number}_s", nn.BatchNorm3d(mid))
        self.add_module(f"conv{number}_t", conv(mid, outputs, (3, 1, 1), (stride, 1, 1)))
        self.add_module(f"bn{number}_t", nn.BatchNorm3d(outputs))
        self.steps += [(f"conv{number}_s", f"bn{number}_s"), (f"conv{number}_t", f"bn{number}_t")]

    def forward(self, x):
        y = x
        for convolve, norm in self.steps:
            y = self.get_submodule(norm)(self.get_submodule(convolve)(y))
            y = y.relu() if norm != self.steps[-1][1] else y
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class Net(nn.Module):
    """7x7x7 stem of stride (1, 2, 2), max-pooling by two in all axes, four stages, mean, classifier."""

    def __init__(self, block, depths, widths, classes, stem=64, factorized_stem=False):
        super().__init__()
        if factorized_stem:
            mid = 3 * stem * 7 * 49 // (3 * 49 + 7 * stem)
            self.conv1_s, self.bn1_s = conv(3, mid, (1, 7, 7), (1, 2, 2)), nn.BatchNorm3d(mid)
            self.conv1_t, self.bn1_t = conv(mid, stem, (7, 1, 1)), nn.BatchNorm3d(stem)
        else:
            self.conv1, self.bn1 = conv(3, stem, 7, (1, 2, 2)), nn.BatchNorm3d(stem)
        self.factorized_stem = factorized_stem
        self.maxpool = nn.MaxPool3d(3, 2, 1)
        channels = stem
        for number, (depth, width) in enumerate(zip(depths, widths), 1):
            blocks = []
            for index in range(depth):
                blocks.append(block(channels, width, 2 if number > 1 and index == 0 else 1))
                channels = blocks[-1].outputs
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        if self.factorized_stem:
            x = self.bn1_t(self.conv1_t(self.bn1_s(self.conv1_s(x)).relu())).relu()
        else:
            x = self.bn1(self.conv1(x)).relu()
        x = self.maxpool(x)
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
        return self.fc(torch.mean(x, (2, 3, 4)))


WIDTHS = (64, 128, 256, 512)


def net(family, depth, classes=400, kind="B"):
    """`family` is r3d, preact, wide, resnext or r2plus1d."""
    deep = depth >= 50
    if family == "r2plus1d":
        def block(*sizes):
            return FactorizedBlock(*sizes, bottleneck=deep)
        return Net(block, DEPTHS[depth], WIDTHS, classes, factorized_stem=True), TAPS
    options = {"r3d": {"expansion": 4}, "preact": {"expansion": 4, "before": True}, "wide": {"expansion": 2},
               "resnext": {"expansion": 2, "groups": 32}}[family]
    widths = [width * (2 if family in ("wide", "resnext") else 1) for width in WIDTHS]

    def block(*sizes):
        return Block(*sizes, kind=kind, bottleneck=deep, **options)
    return Net(block, DEPTHS[depth], widths, classes), TAPS
