"""3D-ResNets-PyTorch: every axis strided alike, a max-pool over time and space in the stem.

Files of 2018 pair depths 18 and 34 with parameter-free shortcuts (`_a` here); those of 2020 project everywhere.
"""

from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.row import DEPTHS, Variant

POOL = (3, 2)
STEM = Stem(64, (7, 7, 7), (1, 2, 2), pool=POOL)
FACTORIZED_STEM = Stem(64, (7, 7, 7), (1, 2, 2), "factorized", pool=POOL)
PROTOCOL = "Kinetics-400, all 16-frame windows, 112 centre crop, weights of 2018"
CVPR2018, GITHUB2020 = "3D-ResNets-PyTorch, 2018", "3D-ResNets-PyTorch, 2020"


def residual(depth, conv="full", stem=STEM, preactivation=False, **options):
    deep = depth >= 50
    kind = ("preact_" if preactivation else "") + ("bottleneck" if deep else "basic")
    return Residual(3, kind, DEPTHS[depth], expansion=4 if deep else 1, convs=(conv,) * 4, stem=stem, last_norm=False,
                    options=options)


def preactivation(depth, **options):
    return residual(depth, preactivation=True, shortcut_from="raw", shortcut_norm=True, **options)


def wide(widths, stem=STEM, groups=1, depth=50):
    return Residual(3, "bottleneck", DEPTHS[depth], widths, expansion=2, stem=stem, options={"groups": groups})


def resnext(depth):
    return wide((128, 256, 512, 1024), groups=32, depth=depth)


WIDE_STEM = Stem(128, (7, 7, 7), (1, 2, 2), pool=POOL)


def _row(network, params, gmacs=None, top1=None, source=GITHUB2020):
    clip = "kenshohara_2018_112" if source == CVPR2018 else "kenshohara_112"
    return Variant(network, clip, params, gmacs, 400, top1, PROTOCOL if top1 else "", source)


ROWS = {
    "kenshohara_r3d_10": _row(residual(10), 14_604_624, 5.654),
    "kenshohara_r3d_18": _row(residual(18), 33_409_104, 8.308),
    "kenshohara_r3d_34": _row(residual(34), 63_718_736, 12.696),
    "kenshohara_r3d_50": _row(residual(50), 47_018_576, 10.069, 61.3),
    "kenshohara_r3d_101": _row(residual(101), 86_064_720, 13.891, 62.8),
    "kenshohara_r3d_152": _row(residual(152), 118_223_440, 18.611, 63.0),
    "kenshohara_r3d_200": _row(residual(200), 127_423_056, 25.805, 63.1),
    "kenshohara_r3d_18_a": _row(residual(18, shortcut="pad"), 33_235_280, 8.296, 54.2, CVPR2018),
    "kenshohara_r3d_34_a": _row(residual(34, shortcut="pad"), 63_544_912, 12.685, 60.1, CVPR2018),
    "kenshohara_r2plus1d_18": _row(residual(18, "factorized", FACTORIZED_STEM), 33_421_164, 8.477),
    "kenshohara_r2plus1d_34": _row(residual(34, "factorized", FACTORIZED_STEM), 63_747_500, 12.865),
    "kenshohara_r2plus1d_50": _row(residual(50, "factorized", FACTORIZED_STEM), 47_035_382, 10.524),
    "kenshohara_preact_r3d_18": _row(preactivation(18), 33_408_208, 8.308),
    "kenshohara_preact_r3d_34": _row(preactivation(34), 63_717_840, 12.696),
    "kenshohara_preact_r3d_50": _row(preactivation(50), 47_014_608, 10.069),
    "kenshohara_preact_r3d_101": _row(preactivation(101), 86_060_752, 13.891),
    "kenshohara_preact_r3d_152": _row(preactivation(152), 118_219_472, 18.611),
    "kenshohara_preact_r3d_200": _row(preactivation(200), 127_419_088, 25.805, source=CVPR2018),
    "kenshohara_wide_r3d_50": _row(wide((128, 256, 512, 1024)), 158_248_272, 26.240, source=CVPR2018),
    "kenshohara_wide_r3d_50_stem128": _row(wide((128, 256, 512, 1024), WIDE_STEM), 158_338_832, 29.698),
    "kenshohara_resnext3d_50": _row(resnext(50), 26_685_264, 7.452, source=CVPR2018),
    "kenshohara_resnext3d_101": _row(resnext(101), 48_340_816, 9.568, source=CVPR2018),
    "kenshohara_resnext3d_152": _row(resnext(152), 66_178_896, 12.181, source=CVPR2018),
}
