"""The networks of pytorchvideo and PySlowFast: C2D, I3D, Slow, CSN, R(2+1)D-50 and X3D, one bottleneck layout.

Convolutions are spatial; time is in the first convolution of a bottleneck, as wide as `temporal` says. The classifier
averages windows of a fixed size, so that a larger test crop is seen at several places. SlowFast is in `slowfast`.
"""

from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.row import DEPTHS, Variant

POOL = ((1, 3, 3), (1, 2, 2))
PROTOCOL = "Kinetics-400, 10 clips x 3 crops of 256"
ONE, THREE = (1,), (3,)
INFLATED = (THREE, (3, 1), (3, 1), (1, 3))
NON_LOCAL = {"stage2": (1, 3), "stage3": (1, 3, 5)}


def stem(kernel):
    return Stem(64, (kernel, 7, 7), (1, 2, 2), pool=POOL)


def slow(depth, frames, temporal=(ONE, ONE, THREE, THREE), stem_kernel=1, pool=None, **fields):
    """Bottlenecks with spatial convolutions; `pool` halves time after the first stage."""
    return Residual(3, "bottleneck", DEPTHS[depth], expansion=4, convs=("spatial",) * 4, temporal=temporal,
                    stem=stem(stem_kernel), pool_after={"stage1": (2, 1, 1)} if pool else {},
                    window=(frames // 2 if pool else frames, 7, 7), dropout=0.5, **fields)


def c2d(pool=True, **fields):
    return slow(50, 8, (ONE,) * 4, pool=pool, **fields)


def i3d(depth=50, **fields):
    return slow(depth, 8, INFLATED, 5, pool=True, **fields)


def csn(depth, conv="depthwise", **options):
    """Channel-separated: "depthwise" reduces interaction (ir-CSN), "separated" preserves it (ip-CSN)."""
    return Residual(3, "bottleneck", DEPTHS[depth], expansion=4, convs=(conv,) * 4, stem=stem(3), window=(4, 7, 7),
                    dropout=0.5, options=options)


R2PLUS1D = Residual(3, "bottleneck", DEPTHS[50], expansion=4, strides=((1, 2, 2), (1, 2, 2), 2, 2),
                    convs=("time_first",) * 4, stem=Stem(64, (1, 7, 7), (1, 2, 2)), window=(4, 7, 7),
                    head="softmax_mean", dropout=0.5, options={"mid": "inner"})


def x3d(depths, frames, side):
    return Residual(3, "bottleneck", depths, (54, 108, 216, 432), expansion=1 / 2.25, strides=((1, 2, 2),) * 4,
                    convs=("depthwise",) * 4, stem=Stem(24, (5, 3, 3), (1, 2, 2), "x3d"), squeeze=1 / 16,
                    squeeze_every=2, window=(frames, side, side), head="x3d", dropout=0.5,
                    options={"middle_activation": "swish", "squeeze_at": "conv_b", "shortcut_norm": "widen"})


def _row(network, clip, params, gmacs, top1=None, source="pytorchvideo", protocol=PROTOCOL):
    return Variant(network, clip, params, gmacs, 400, top1, protocol if top1 else "", source)


ROWS = {
    "c2d_r50": _row(c2d(), "slow_8x8", 24_327_632, 19.493, 71.46),
    "c2d_nopool_r50": _row(c2d(False), "slow_8x8", 24_327_632, 32.698, 67.2, "PySlowFast"),
    "i3d_r50": _row(i3d(), "slow_8x8", 28_043_472, 28.408, 73.27),
    "i3d_r101": _row(i3d(101), "slow_8x8", 51_754_192, 46.956),
    "i3d_nl_r50": _row(i3d(nonlocal_after=NON_LOCAL), "slow_8x8", 35_401_936, 36.628, 74.0, "PySlowFast"),
    "c2d_nl_r50": _row(c2d(nonlocal_after=NON_LOCAL), "slow_8x8", 31_686_096, 27.714, source="PySlowFast"),
    "slow_r50": _row(slow(50, 8), "slow_8x8", 32_454_096, 41.741, 74.58),
    "slow_r50_4x16": _row(slow(50, 4), "slow_4x16", 32_454_096, 20.871, 72.4),
    "slow_r101": _row(slow(101, 8), "slow_8x8", 60_359_120, 85.414),
    "slow_r152": _row(slow(152, 8), "slow_8x8", 82_818_512, 125.799),
    "slow_nl_r50": _row(slow(50, 4, nonlocal_after=NON_LOCAL), "slow_4x16", 39_812_560, 29.092, source="mmaction2"),
    "ir_csn_50": _row(csn(50), "csn_32x2", 13_131_152, 42.309),
    "ir_csn_101": _row(csn(101), "csn_32x2", 22_213_776, 56.468, 77.0),
    "ir_csn_152": _row(csn(152), "csn_32x2", 29_703_568, 74.046),
    "ip_csn_50": _row(csn(50, "separated"), "csn_32x2", 14_396_176, 47.652),
    "ip_csn_101": _row(csn(101, "separated"), "csn_32x2", 24_601_616, 63.559),
    "ip_csn_152": _row(csn(152, "separated"), "csn_32x2", 33_016_592, 83.295),
    "r2plus1d_r50": _row(R2PLUS1D, "r2plus1d_16x4", 28_107_600, 57.534, 76.01),
    "x3d_xs": _row(x3d((3, 5, 11, 7), 4, 5), "x3d_xs", 3_794_274, 0.605, 69.12),
    "x3d_s": _row(x3d((3, 5, 11, 7), 13, 5), "x3d_s", 3_794_274, 1.963, 73.33),
    "x3d_m": _row(x3d((3, 5, 11, 7), 16, 7), "x3d_m", 3_794_274, 4.732, 75.94),
    "x3d_l": _row(x3d((5, 10, 25, 15), 16, 10), "x3d_l", 6_153_384, 18.368, 77.44),
}
