"""torchvision's own image and video residual networks, and VMZ's, which are torchvision's with other parts."""

from originals.whole_torchvision import torchvision_here

torchvision_here()

from torch import nn  # noqa: E402
from torchvision import models  # noqa: E402
from torchvision.models.video import resnet as video  # noqa: E402

TAPS = {"stem": "stem", "stage1": "layer1", "stage2": "layer2", "stage3": "layer3", "stage4": "layer4"}


def video_net(name):
    """r3d_18, mc3_18 or r2plus1d_18 as torchvision builds them."""
    return getattr(models.video, name)(weights=None), TAPS


def image_net(name):
    """A 2D network as torchvision builds it; its stem ends with the pooling."""
    return getattr(models, name)(weights=None), {**TAPS, "stem": "maxpool"}


class Depthwise(nn.Conv3d):
    """VMZ's channel-separated convolution."""

    def __init__(self, inputs, outputs, mid, stride=1, padding=1):
        super().__init__(inputs, outputs, 3, stride, padding, groups=inputs, bias=False)

    @staticmethod
    def get_downsample_stride(stride):
        return stride, stride, stride


class PointThenDepthwise(nn.Sequential):
    """VMZ's interaction-preserving form: a 1x1x1 convolution and its norm, no ReLU, then the depthwise one."""

    def __init__(self, inputs, outputs, mid, stride=1, padding=1):
        super().__init__(nn.Conv3d(inputs, outputs, 1, bias=False), nn.BatchNorm3d(outputs),
                         Depthwise(outputs, outputs, None, stride))

    get_downsample_stride = Depthwise.get_downsample_stride


class OwnWidth(video.Conv2Plus1D):
    """VMZ's factorised convolution: the middle width from its own channels, not from the block's."""

    def __init__(self, inputs, outputs, mid, stride=1, padding=1):
        super().__init__(inputs, outputs, inputs * outputs * 27 // (inputs * 9 + 3 * outputs), stride, padding)


class PooledStem(nn.Sequential):
    """A stem, then VMZ's spatial max-pooling."""

    def __init__(self, stem):
        super().__init__(*stem(), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)))


VMZ = {
    "r2plus1d_34": (OwnWidth, video.BasicBlock, (3, 4, 6, 3), video.R2Plus1dStem),
    "r2plus1d_152": (OwnWidth, video.Bottleneck, (3, 8, 36, 3), lambda: PooledStem(video.R2Plus1dStem)),
    "ir_csn_152": (Depthwise, video.Bottleneck, (3, 8, 36, 3), lambda: PooledStem(video.BasicStem)),
    "ip_csn_152": (PointThenDepthwise, video.Bottleneck, (3, 8, 36, 3), lambda: PooledStem(video.BasicStem)),
}


def vmz_net(name):
    """A VMZ network: torchvision's VideoResNet with VMZ's convolutions, stem and batch norm epsilon."""
    conv, block, layers, stem = VMZ[name]
    net = video.VideoResNet(block, [conv] * 4, list(layers), stem)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm3d):
            module.eps = 1e-3
    return net, TAPS
