"""torchvision's VideoResNets and VMZ's mixed, factorized and frame-wise relatives, which share one layout.

Basic blocks at 112x112, no pool in the stem. Full and factorized stages stride in all axes, spatial ones not in time.
In `mcX` the groups from X on are spatial (the stem is group 1); in `rmcX` those before X are, the stem included.
"""

from res3d.geometry import preset
from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.row import DEPTHS, Variant

STEM = Stem(64, (3, 7, 7), (1, 2, 2))
FLAT_STEM = Stem(64, (1, 7, 7), (1, 2, 2))
FACTORIZED_STEM = Stem(64, (3, 7, 7), (1, 2, 2), "factorized", mid=45)
FULL, FACTORIZED = ("full",) * 4, ("factorized",) * 4
VMZ = {"epsilon": 1e-3, "momentum": 0.1}
LONG = preset("vmz_112").replace(frames=32, resize=(128, 171))
VIDEO = "Kinetics-400, 5 clips of 16 frames at 15 fps, 112 centre crop"
TEN = "Kinetics-400, 10 clips of 16 frames, 112 centre crop"


def video_resnet(depth=18, convs=FULL, stem=STEM, **options):
    return Residual(3, "basic", DEPTHS[depth], convs=convs, stem=stem, options=options)


def deep_resnet(depth):
    return Residual(3, "bottleneck", DEPTHS[depth], expansion=4, stem=STEM)


def mixed(group):
    """Full convolutions before `group`, spatial ones from it on."""
    return video_resnet(convs=("full",) * (group - 2) + ("spatial",) * (6 - group), **VMZ)


def reversed_mixed(group):
    """Spatial convolutions before `group`, stem included, full ones from it on."""
    return video_resnet(convs=("spatial",) * (group - 2) + ("full",) * (6 - group), stem=FLAT_STEM, **VMZ)


def factorized(depth=18, mid="conv", **options):
    return video_resnet(depth, FACTORIZED, FACTORIZED_STEM, mid=mid, **options)


def _row(network, params, gmacs, top1=None, protocol="", source="VMZ", clip="vmz_112"):
    return Variant(network, clip, params, gmacs, 400, top1, protocol if top1 else "", source)


def _torchvision(network, params, gmacs, top1=None, source="torchvision"):
    return _row(network, params, gmacs, top1, VIDEO, source, "torchvision_112")


ROWS = {
    "r3d_10": _torchvision(video_resnet(10), 14_566_992, 19.888, source="torchvision's layout"),
    "r3d_18": _torchvision(video_resnet(), 33_371_472, 40.697, 63.2),
    "r3d_34": _torchvision(video_resnet(34), 63_681_104, 75.378, source="torchvision's layout"),
    "r3d_50": _torchvision(deep_resnet(50), 46_980_944, 54.673, source="torchvision's layout"),
    "r3d_101": _torchvision(deep_resnet(101), 86_027_088, 85.244, source="torchvision's layout"),
    "r3d_152": _torchvision(deep_resnet(152), 118_185_808, 123.008, source="torchvision's layout"),
    "r3d_200": _torchvision(deep_resnet(200), 127_385_424, 180.554, source="torchvision's layout"),
    "mc3_18": _torchvision(video_resnet(convs=("full", "spatial", "spatial", "spatial")), 11_695_440, 43.343, 63.96),
    "r2plus1d_18": _torchvision(factorized(mid="block"), 31_505_325, 40.519, 67.463),
    "vmz_r3d_18": _row(video_resnet(**VMZ), 33_371_472, 40.697, 64.7, TEN),
    "mc2_18": _row(mixed(2), 11_400_528, 28.545, 64.8, TEN),
    "vmz_mc3_18": _row(mixed(3), 11_695_440, 43.343, 65.2, TEN),
    "mc4_18": _row(mixed(4), 12_727_632, 39.952, 65.6, TEN),
    "mc5_18": _row(mixed(5), 16_856_400, 39.900, 65.6, TEN),
    "rmc2_18": _row(reversed_mixed(2), 33_352_656, 39.752, 65.4, TEN),
    "rmc3_18": _row(reversed_mixed(3), 33_057_744, 24.955, 65.5, TEN),
    "rmc4_18": _row(reversed_mixed(4), 32_025_552, 29.091, 65.6, TEN),
    "rmc5_18": _row(reversed_mixed(5), 27_896_784, 30.787, 63.5, TEN),
    "fr2d_18": _row(reversed_mixed(6), 11_381_712, 27.601, 60.9, TEN),
    "vmz_r2plus1d_18": _row(factorized(**VMZ), 33_370_839, 41.496, 68.5, TEN),
    "vmz_r2plus1d_34": _row(factorized(34, **VMZ), 63_697_175, 152.356, 72.4,
                            "Kinetics-400, dense clips of 32 frames", clip=LONG),
}
