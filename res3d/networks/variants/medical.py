"""Networks that see volumes of a body: MedicalNet (Chen et al., 2019, arXiv 1904.00625) and inflated I3ResNets.

A volume is a clip whose frames are slices. MedicalNet sees one channel, strides in all axes and then no more: its last
two stages step inside their kernels instead. It scales each volume by that volume's own mean and deviation, which no
fixed numbers can: those of its clip stand for a volume between 0 and 1. What is published ends in features.

I3ResNet is a picture network of the usual kind whose middle convolutions and stem have learned to see time; foundation
models for CT use it at depth 152, with Hounsfield units from -1000 to 1000 brought to 0 to 1 and repeated as colours.
"""

from res3d.geometry import preset
from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.row import DEPTHS, Variant

PICTURES = preset("imagenet_224").replace(frames=16)


def medicalnet(depth, shortcut="projection"):
    deep = depth >= 50
    return Residual(3, "bottleneck" if deep else "basic", DEPTHS[depth], expansion=4 if deep else 1,
                    strides=(1, 2, 1, 1), dilation=(1, 1, 2, 4), stem=Stem(64, 7, 2, pool=(3, 2)),
                    options={} if shortcut == "projection" else {"shortcut": shortcut})


def i3resnet(depth):
    return Residual(3, "bottleneck", DEPTHS[depth], expansion=4, stem=Stem(64, (3, 7, 7), (1, 2, 2), pool=(3, 2)))


def _medicalnet(network, params, gmacs):
    return Variant(network, "medicalnet_56", params, gmacs, None, source="MedicalNet")


def _inflated(network, clip, params, gmacs):
    return Variant(network, clip, params, gmacs, 400, source="I3ResNet's layout")


ROWS = {
    "medicalnet_10": _medicalnet(medicalnet(10), 14_355_520, 379.353),
    "medicalnet_18": _medicalnet(medicalnet(18, "pad"), 32_986_176, 822.276),
    "medicalnet_34": _medicalnet(medicalnet(34, "pad"), 63_295_808, 1521.458),
    "medicalnet_50": _medicalnet(medicalnet(50), 46_155_072, 1114.142),
    "medicalnet_101": _medicalnet(medicalnet(101), 85_201_216, 1970.136),
    "medicalnet_152": _medicalnet(medicalnet(152), 117_359_936, 2675.073),
    "medicalnet_200": _medicalnet(medicalnet(200), 126_559_552, 2876.483),
    "i3resnet_50": _inflated(i3resnet(50), PICTURES, 46_980_944, 32.293),
    "i3resnet_101": _inflated(i3resnet(101), PICTURES, 86_027_088, 47.579),
    "i3resnet_152": _inflated(i3resnet(152), "ct_160", 118_185_808, 664.604),
}
