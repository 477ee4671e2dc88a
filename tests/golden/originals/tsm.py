"""mit-han-lab's TSN and TSM, which no package registry carries, restated plainly around torchvision's ResNet.

Written from the published facts: before the first convolution of each block an eighth of the channels comes from the
next frame and an eighth from the one before, zeros beyond the ends; the logits of the frames are averaged.
"""

import torch
from originals import torchvision_models
from torch import nn


class Shifted(nn.Module):
    """A convolution on frames some of whose channels have moved; frames are folded into the batch."""

    def __init__(self, net, frames, part=8):
        super().__init__()
        self.net, self.frames, self.part = net, frames, part

    def forward(self, x):
        x = x.unflatten(0, (-1, self.frames))
        count = x.shape[2] // self.part
        moved = torch.zeros_like(x)
        moved[:, :-1, :count] = x[:, 1:, :count]
        moved[:, 1:, count:2 * count] = x[:, :-1, count:2 * count]
        moved[:, :, 2 * count:] = x[:, :, 2 * count:]
        return self.net(moved.flatten(0, 1))


class Segments(nn.Module):
    """torchvision's network without its classifier as `base_model`, and the classifier as `new_fc`."""

    def __init__(self, depth, classes, frames):
        super().__init__()
        self.base_model, _ = torchvision_models.image_net(f"resnet{depth}")
        self.new_fc = nn.Linear(self.base_model.fc.in_features, classes)
        self.base_model.fc = nn.Identity()
        for name in ("layer1", "layer2", "layer3", "layer4") if frames else ():
            for block in self.base_model.get_submodule(name):
                block.conv1 = Shifted(block.conv1, frames)

    def forward(self, x):
        return self.new_fc(self.base_model(x.transpose(1, 2).flatten(0, 1))).mean(0, keepdim=True)


def net(depth, classes=400, frames=0):
    """TSM of so many frames, or TSN where there are none, and where its stages end."""
    return Segments(depth, classes, frames), {f"stage{n}": f"base_model.layer{n}" for n in range(1, 5)}
