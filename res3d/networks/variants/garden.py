"""Model Garden's R3D-50 and R3D-RS: TensorFlow's own padding, self-gating, and for RS squeeze-and-excitation."""

from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.row import DEPTHS, Variant

MORE_DEPTHS = {**DEPTHS, 270: (4, 29, 53, 4), 300: (4, 36, 54, 4), 350: (4, 36, 72, 4)}
INFLATED = ((3,), (3, 1), (3, 1), (1, 3))
LATE = ((1,), (1,), (3,), (3,))
OPTIONS = {"padding": "same", "stride_on": "split"}
PROTOCOL = "Kinetics-400, 10 clips x 3 crops of 256"
SHARED: dict = {"expansion": 4, "convs": ("spatial",) * 4, "gate_last": True, "options": OPTIONS}


def rs(depth):
    """Stem of three small convolutions, temporal kernels in the late stages, stochastic depth."""
    return Residual(3, "bottleneck", MORE_DEPTHS[depth], temporal=LATE, squeeze=0.25, drop_path=0.1, dropout=0.5,
                    stem=Stem(64, (5, 3, 3), 2, "garden", pool=((1, 3, 3), (1, 2, 2))), **SHARED)


R3D = Residual(3, "bottleneck", DEPTHS[50], temporal=INFLATED, dropout=0.2, stem=Stem(64, (5, 7, 7), 2, pool=(3, 2)),
               **SHARED)


def _row(network, params, gmacs, top1=None):
    return Variant(network, "garden_32x2", params, gmacs, 400, top1, PROTOCOL if top1 else "", "Model Garden")


ROWS = {
    "garden_r3d_50": _row(R3D, 33_617_872, 49.627, 77.0),
    "r3d_rs_50": _row(rs(50), 48_129_840, 88.024, 78.2),
    "r3d_rs_101": _row(rs(101), 84_969_520, 175.380, 79.5),
    "r3d_rs_152": _row(rs(152), 114_788_144, 256.157, 79.9),
    "r3d_rs_200": _row(rs(200), 121_376_560, 312.060, 80.4),
    "r3d_rs_270": _row(rs(270), 169_038_064, 425.520),
    "r3d_rs_300": _row(rs(300), 174_087_536, 455.116),
    "r3d_rs_350": _row(rs(350), 213_094_256, 547.610),
}
