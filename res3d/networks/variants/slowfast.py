"""SlowFast as pytorchvideo and PySlowFast publish it: the fast pathway has an eighth of the channels."""

from res3d.networks.architecture import Residual, SlowFast, Stem
from res3d.networks.variants.pytorchvideo import ONE, POOL, PROTOCOL, THREE
from res3d.networks.variants.row import DEPTHS, Variant

# Six blocks of the third stage see time, the other seventeen do not: the layout called R101_50_50.
SIX = (3,) * 6 + (1,) * 17


def pathway(depth, temporal, widths, stem_filters, stem_kernel, window):
    return Residual(3, "bottleneck", DEPTHS[depth], widths, 4, convs=("spatial",) * 4, temporal=temporal,
                    stem=Stem(stem_filters, (stem_kernel, 7, 7), (1, 2, 2), pool=POOL), window=window)


def slowfast(depth, frames, alpha, kernel, third=(THREE, THREE)):
    """`frames` of the fast pathway; `third` is the temporal pattern of stage 3, slow and fast."""
    slow = pathway(depth, (ONE, ONE, third[0], THREE), (64, 128, 256, 512), 64, 1, (frames // alpha, 7, 7))
    fast = pathway(depth, (THREE, THREE, third[1], THREE), (8, 16, 32, 64), 8, 5, (frames, 7, 7))
    return SlowFast(slow, fast, alpha, kernel)


def _row(network, clip, params, gmacs, top1=None):
    return Variant(network, clip, params, gmacs, 400, top1, PROTOCOL if top1 else "", "pytorchvideo")


ROWS = {
    "slowfast_r50_4x16": _row(slowfast(50, 32, 8, 5), "slowfast_4x16", 34_480_216, 27.639, 75.34),
    "slowfast_r50_8x8": _row(slowfast(50, 32, 4, 7), "slowfast_8x8", 34_566_488, 50.309, 76.94),
    "slowfast_r101_8x8": _row(slowfast(101, 32, 4, 5), "slowfast_8x8", 62_826_968, 96.397, 77.9),
    "slowfast_r101_50_50_8x8": _row(slowfast(101, 32, 4, 5, (SIX, SIX)), "slowfast_8x8", 53_774_808, 81.548),
    "slowfast_r101_50_50_16x8": _row(slowfast(101, 64, 4, 5, (SIX, SIX)), "slowfast_16x8", 53_774_808, 163.095, 78.7),
}
