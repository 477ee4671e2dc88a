"""mmaction2's SlowOnly and I3D, and VMZ's channel-separated networks, which mmaction2 shares: global average pools.

mmaction2's I3D halves time in the stem's convolution and again in its pool; the heavy one does neither and looks at
three frames in every block. Batch norm's epsilon of the channel-separated networks is 1e-3, as in Caffe2.
"""

import dataclasses

from res3d.geometry import preset
from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.pytorchvideo import INFLATED, THREE, csn, slow
from res3d.networks.variants.row import DEPTHS, Variant
from res3d.networks.variants.torchvision import FACTORIZED, VMZ

PROTOCOL = "Kinetics-400, 10 clips x 3 crops of 256"
VMZ_CLIP = preset("vmz_112").replace(frames=32, stride=2, fps=30.0, height=224, width=224, resize=256)
SMALL = preset("vmz_112").replace(frames=32, stride=2, fps=30.0)
POOLED_STEM = Stem(64, (3, 7, 7), (1, 2, 2), "factorized", mid=45, pool=((1, 3, 3), (1, 2, 2)))


def everywhere(network, **fields):
    """`network` with a global average pool."""
    return dataclasses.replace(network, window=None, **fields)


def i3d(depth=50):
    strided = Stem(64, (5, 7, 7), 2, pool=((1, 3, 3), 2))
    return everywhere(slow(depth, 8, INFLATED, pool=True), stem=strided)


def heavy(depth=50):
    return everywhere(slow(depth, 8, (THREE,) * 4, 5, pool=True))


def separated(depth, conv="depthwise"):
    return everywhere(csn(depth, conv, **VMZ))


def factorized(depth):
    return Residual(3, "bottleneck", DEPTHS[depth], expansion=4, convs=FACTORIZED, stem=POOLED_STEM, options=VMZ)


def _mmaction(network, clip, params, gmacs, top1):
    return Variant(network, clip, params, gmacs, 400, top1, PROTOCOL, "mmaction2")


def _vmz(network, params, gmacs, top1=None, protocol="Kinetics-400 after IG-65M, 10 clips x 3 crops of 256",
         clip=VMZ_CLIP):
    return Variant(network, clip, params, gmacs, 400, top1, protocol if top1 else "", "VMZ")


ROWS = {
    "mmaction_slow_r50": _mmaction(everywhere(slow(50, 8)), "mmaction_8x8", 32_454_096, 41.741, 75.15),
    "mmaction_slow_r101": _mmaction(everywhere(slow(101, 8)), "mmaction_8x8", 60_359_120, 85.414, 76.59),
    "mmaction_i3d_r50": _mmaction(i3d(), "mmaction_32x2", 28_043_472, 33.128, 73.47),
    "mmaction_i3d_heavy_r50": _mmaction(heavy(), "mmaction_32x2", 33_024_208, 126.782, 76.21),
    "vmz_ir_csn_50": _vmz(separated(50), 13_131_152, 42.309, 79.44),
    "vmz_ir_csn_101": _vmz(separated(101), 22_213_776, 56.468),
    "vmz_ir_csn_152": _vmz(separated(152), 29_703_568, 74.046, 82.6),
    "vmz_ip_csn_152": _vmz(separated(152, "separated"), 33_016_592, 83.295, 82.5),
    "vmz_r2plus1d_152": _vmz(factorized(152), 118_226_785, 64.656, clip=SMALL),
}
