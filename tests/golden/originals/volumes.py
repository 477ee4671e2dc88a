"""MedicalNet, I3ResNet and IBM's I3D-ResNet and TAM, which no package registry carries, restated plainly.

Written from the published facts (layer order, widths, strides, key names), independent of the Keras code they test.
All four name their modules as torchvision's 2D networks do.
"""

from originals.kenshohara import DEPTHS, SubsampleAndZeros
from torch import nn
from torch.nn import functional

TAPS = {f"stage{n}": f"layer{n}" for n in range(1, 5)}


class Mixed(nn.Module):
    """ReLU of a frame and its two neighbours, each times a number a channel; frames are folded into the batch."""

    def __init__(self, channels, frames):
        super().__init__()
        self.frames = frames
        for name in ("prev_se", "next_se", "curr_se"):
            part = nn.Module()
            part.fc1 = nn.Conv2d(channels, channels, 1, groups=channels, bias=False)
            self.add_module(name, part)

    def forward(self, x):
        def clips(name):
            return self.get_submodule(name).fc1(x).unflatten(0, (-1, self.frames))
        before = functional.pad(clips("prev_se"), (0, 0) * 3 + (1, 0))[:, :-1]
        after = functional.pad(clips("next_se"), (0, 0) * 3 + (0, 1))[:, 1:]
        return (before + clips("curr_se") + after).relu().flatten(0, 1)


class Block(nn.Module):
    """Two 3-wide convolutions, or 1, 3, 1 with the stride on the middle one, dilated where `dilation` says so."""

    def __init__(self, rank, inputs, width, stride, bottleneck, dilation=1, zeros=False, frames=0):
        super().__init__()
        convolve, norm = (nn.Conv2d, nn.BatchNorm2d) if rank == 2 else (nn.Conv3d, nn.BatchNorm3d)
        outputs = width * 4 if bottleneck else width

        def wide(channels, step):
            return convolve(channels, width, 3, step, dilation, dilation, bias=False)
        convs = [convolve(inputs, width, 1, bias=False), wide(width, stride), convolve(width, outputs, 1, bias=False)] \
            if bottleneck else [wide(inputs, stride), wide(width, 1)]
        self.count = len(convs)
        for number, conv in enumerate(convs, 1):
            self.add_module(f"conv{number}", conv)
            self.add_module(f"bn{number}", norm(conv.out_channels))
        self.downsample = None
        strides = (stride,) if isinstance(stride, int) else stride
        if inputs != outputs or max(strides) > 1:
            self.downsample = SubsampleAndZeros(outputs, stride) if zeros else nn.Sequential(
                convolve(inputs, outputs, 1, stride, bias=False), norm(outputs))
        if frames:
            self.tam = Mixed(inputs, frames)
        self.outputs = outputs

    def forward(self, x):
        y = self.tam(x) if hasattr(self, "tam") else x
        for number in range(1, self.count + 1):
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
            y = y.relu() if number < self.count else y
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class Net(nn.Module):
    """A stem with its pool, four stages, the mean over all places, and a dense layer if there are classes."""

    def __init__(self, rank, depth, classes, stem, pool, strides, dilation=(1,) * 4, channels=3, zeros=False, frames=0):
        super().__init__()
        kernel, stride = stem
        padding = [k // 2 for k in kernel]
        convolve, norm = (nn.Conv2d, nn.BatchNorm2d) if rank == 2 else (nn.Conv3d, nn.BatchNorm3d)
        self.conv1, self.bn1 = convolve(channels, 64, kernel, stride, padding, bias=False), norm(64)
        kernel, stride = pool
        self.maxpool = (nn.MaxPool2d if rank == 2 else nn.MaxPool3d)(kernel, stride, [k // 2 for k in kernel])
        inputs, self.frames = 64, frames
        for number, (count, step, dilated) in enumerate(zip(DEPTHS[depth], strides, dilation), 1):
            blocks = []
            for index in range(count):
                blocks.append(Block(rank, inputs, 32 * 2**number, step if index == 0 else 1, depth >= 50, dilated,
                                    zeros, frames))
                inputs = blocks[-1].outputs
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
        if classes:
            self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        if self.frames:
            x = x.transpose(1, 2).flatten(0, 1)
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
        x = x.mean(tuple(range(2, x.ndim)))
        x = self.fc(x) if hasattr(self, "fc") else x
        return x.unflatten(0, (-1, self.frames)).mean(1) if self.frames else x


SPACE = (1, 2, 2)


def medicalnet(depth, classes=None):
    """Strides by eight and no more; depths 18 and 34 with shortcuts of zeros."""
    return Net(3, depth, classes, ((7,) * 3, 2), ((3,) * 3, 2), (1, 2, 1, 1), (1, 1, 2, 4), 1, depth in (18, 34))


def i3resnet(depth, classes=400):
    """torchvision's 2D network, inflated: stem and middle convolutions are three frames wide and stride in time."""
    return Net(3, depth, classes, ((3, 7, 7), SPACE), ((3,) * 3, 2), (1, 2, 2, 2))


def ibm_i3d(depth, classes=400):
    """The same without a stride or a pool in time."""
    return Net(3, depth, classes, ((3, 7, 7), SPACE), ((1, 3, 3), SPACE), (1, SPACE, SPACE, SPACE))


def tam(depth, classes=400, frames=8):
    """A 2D network over `frames` frames that mixes neighbours at the entrance of each branch."""
    return Net(2, depth, classes, ((7, 7), 2), ((3, 3), 2), (1, 2, 2, 2), frames=frames)


def net(family, *arguments):
    """A network of `family`, and where its stages end."""
    return globals()[family](*arguments), TAPS
