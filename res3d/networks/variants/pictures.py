"""2D residual networks: ImageNet's, applied to each frame of a clip, TSM's, and those for 32x32 pictures.

On a clip a 2D network runs on every frame and its logits are averaged over time. `resnet_50` strides on the 3x3
convolution (v1.5), `resnet_50_v1` on the first (He et al., 2015), `resnet_50_v2` is pre-activated (He et al., 2016).
"""

import re

from res3d.geometry import ClipSpec
from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.row import DEPTHS, Variant

STEM = Stem(64, 7, 2, pool=(3, 2))
BARE_STEM = Stem(64, 7, 2, pool=(3, 2), norm=False)
WIDTHS = (64, 128, 256, 512)


def resnet(depth, widths=WIDTHS, expansion=4, **options):
    deep = depth >= 50
    return Residual(2, "bottleneck" if deep else "basic", DEPTHS[depth], widths, expansion if deep else 1, stem=STEM,
                    options=options)


def preactivated(depth):
    deep = depth >= 50
    return Residual(2, "preact_bottleneck" if deep else "preact_basic", DEPTHS[depth], expansion=4 if deep else 1,
                    stem=BARE_STEM)


def doubled(first):
    """Widths of four stages from the first one's."""
    return tuple(first * 2**i for i in range(4))


def tsm(depth):
    return Residual(2, "bottleneck", DEPTHS[depth], expansion=4, stem=STEM, shift=True, dropout=0.5)


def cifar_resnet(depth):
    """He et al., 2015, section 4.2: 6n + 2 layers, three stages of 16, 32 and 64 channels, no weights in shortcuts."""
    return Residual(2, "basic", ((depth - 2) // 6,) * 3, (16, 32, 64), strides=(1, 2, 2), convs=("full",) * 3,
                    temporal=((1,),) * 3, stem=Stem(16, 3, 1), options={"shortcut": "pad"})


def cifar_wide(depth, k, dropout=0.0):
    """Zagoruyko and Komodakis, 2016: 6n + 4 layers, k times as wide, pre-activated, dropout inside the blocks."""
    return Residual(2, "preact_basic", ((depth - 4) // 6,) * 3, (16 * k, 32 * k, 64 * k), strides=(1, 2, 2),
                    convs=("full",) * 3, temporal=((1,),) * 3, stem=Stem(16, 3, 1, norm=False),
                    options={"dropout": dropout} if dropout else {})


def of_depth(name):
    """The row of a CIFAR network that the table does not list, or None: `cifar_resnet_38`, `wrn_22_8`."""
    if match := re.fullmatch(r"cifar_resnet_(\d+)", name):
        depth = int(match[1])
        if depth < 8 or (depth - 2) % 6:
            raise ValueError(f"A CIFAR ResNet has 6n + 2 layers: 20, 32, 44 ... Received: {name!r}.")
        return _cifar(cifar_resnet(depth), None, None)
    if match := re.fullmatch(r"wrn_(\d+)_(\d+)", name):
        depth, k = int(match[1]), int(match[2])
        if depth < 10 or (depth - 4) % 6 or k < 1:
            raise ValueError(f"A wide CIFAR ResNet has 6n + 4 layers: wrn_16_4, wrn_28_10 ... Received: {name!r}.")
        return _cifar(cifar_wide(depth, k), None, None, WRN)
    return None


def _row(network, params, gmacs, source="torchvision's layout"):
    return Variant(network, "imagenet_224", params, gmacs, 1000, source=source)


CIFAR = ClipSpec(1, 1, None, 32, 32, resize=32, mean=(0.4914, 0.4822, 0.4465), std=(0.247, 0.2435, 0.2616))


def _cifar(network, params, gmacs, source="He et al., 2015"):
    return Variant(network, CIFAR, params, gmacs, 10, source=source)


V1, V2, WRN = "He et al., 2015", "He et al., 2016", "Zagoruyko and Komodakis, 2016"
ROWS = {
    "resnet_10": _row(resnet(10), 5_418_792, 0.889),
    "resnet_18": _row(resnet(18), 11_689_512, 1.814),
    "resnet_34": _row(resnet(34), 21_797_672, 3.664),
    "resnet_50": _row(resnet(50), 25_557_032, 4.089),
    "resnet_101": _row(resnet(101), 44_549_160, 7.801),
    "resnet_152": _row(resnet(152), 60_192_808, 11.514),
    "resnet_200": _row(resnet(200), 64_673_832, 15.007),
    "resnet_50_v1": _row(resnet(50, stride_on="conv_a"), 25_557_032, 3.858, V1),
    "resnet_101_v1": _row(resnet(101, stride_on="conv_a"), 44_549_160, 7.570, V1),
    "resnet_152_v1": _row(resnet(152, stride_on="conv_a"), 60_192_808, 11.282, V1),
    "resnet_200_v1": _row(resnet(200, stride_on="conv_a"), 64_673_832, 14.776, V1),
    "resnet_18_v2": _row(preactivated(18), 11_687_720, 1.814, V2),
    "resnet_34_v2": _row(preactivated(34), 21_795_880, 3.664, V2),
    "resnet_50_v2": _row(preactivated(50), 25_549_352, 4.089, V2),
    "resnet_101_v2": _row(preactivated(101), 44_541_480, 7.801, V2),
    "resnet_152_v2": _row(preactivated(152), 60_185_128, 11.514, V2),
    "resnet_200_v2": _row(preactivated(200), 64_666_152, 15.007, V2),
    "wide_resnet_50_2": _row(resnet(50, doubled(128), 2), 68_883_240, 11.398),
    "wide_resnet_101_2": _row(resnet(101, doubled(128), 2), 126_886_696, 22.753),
    "resnext_50_32x4d": _row(resnet(50, doubled(128), 2, groups=32), 25_028_904, 4.230),
    "resnext_101_32x8d": _row(resnet(101, doubled(256), 1, groups=32), 88_791_336, 16.414),
    "tsm_r50": Variant(tsm(50), "tsn_8", 24_327_632, 32.698, 400, 73.18,
                       "Kinetics-400, 8 frames x 10 crops", "mmaction2"),
    "cifar_resnet_20": _cifar(cifar_resnet(20), 269_722, 0.041),
    "cifar_resnet_32": _cifar(cifar_resnet(32), 464_154, 0.069),
    "cifar_resnet_44": _cifar(cifar_resnet(44), 658_586, 0.097),
    "cifar_resnet_56": _cifar(cifar_resnet(56), 853_018, 0.125),
    "cifar_resnet_110": _cifar(cifar_resnet(110), 1_727_962, 0.253),
    "cifar_resnet_1202": _cifar(cifar_resnet(1202), 19_421_274, 2.829),
    "wrn_16_4": _cifar(cifar_wide(16, 4), 2_748_890, 0.393, WRN),
    "wrn_16_8": _cifar(cifar_wide(16, 8), 10_961_370, 1.548, WRN),
    "wrn_28_10": _cifar(cifar_wide(28, 10), 36_479_194, 5.243, WRN),
    "wrn_40_2": _cifar(cifar_wide(40, 2), 2_243_546, 0.328, WRN),
    "wrn_40_4": _cifar(cifar_wide(40, 4), 8_949_210, 1.299, WRN),
}
