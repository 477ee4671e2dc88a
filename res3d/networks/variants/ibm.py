"""IBM's I3D-ResNet and TAM: clips of 32 frames, of which neither stem nor stages leave any out.

I3D-ResNet convolves in time in every block. TAM is a picture network that mixes each frame with its neighbours where a
branch begins (Fan et al., 2019, arXiv 1912.00869).
"""

from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.pictures import STEM
from res3d.networks.variants.row import DEPTHS, Variant

PROTOCOL = "Kinetics-400, 10 clips x 3 crops of 256"
IN_SPACE = (1, (1, 2, 2), (1, 2, 2), (1, 2, 2))


def i3d(depth):
    return Residual(3, "bottleneck", DEPTHS[depth], expansion=4, strides=IN_SPACE, dropout=0.5,
                    stem=Stem(64, (3, 7, 7), (1, 2, 2), pool=((1, 3, 3), (1, 2, 2))))


def tam(depth):
    return Residual(2, "bottleneck", DEPTHS[depth], expansion=4, stem=STEM, aggregate=True, dropout=0.5)


def _row(network, params, gmacs, top1):
    return Variant(network, "ibm_32x2", params, gmacs, 400, top1, PROTOCOL, "IBM")


ROWS = {
    "ibm_i3d_r50": _row(i3d(50), 46_980_944, 256.722, 76.61),
    "ibm_i3d_r101": _row(i3d(101), 86_027_088, 501.292, 77.80),
    "tam_r50": _row(tam(50), 24_366_992, 130.789, 76.18),
    "tam_r101": _row(tam(101), 43_411_344, 249.580, 77.61),
}
