"""The clips that published networks were trained on, by name."""

from res3d.geometry.clip_spec import ClipSpec
from res3d.geometry.scalings import SCALINGS

PRESETS = {
    "torchvision_112": ClipSpec(16, 1, 15.0, 112, 112, resize=(128, 171)),
    "vmz_112": ClipSpec(16, 1, 15.0, 112, 112, resize=(128, 171)),
    "kenshohara_112": ClipSpec(16, 1, None, 112, 112, resize=112, mean=(0.4345, 0.4051, 0.3775),
                               std=(0.2768, 0.2713, 0.2737)),
    "kenshohara_2018_112": ClipSpec(16, 1, None, 112, 112, resize=112, mean=(114.7748, 107.7354, 99.4750),
                                    std=(1.0, 1.0, 1.0), value_range=(0.0, 255.0)),
    "slow_4x16": ClipSpec(4, 16, 30.0, 224, 224, **SCALINGS["kinetics"]),
    "slow_8x8": ClipSpec(8, 8, 30.0, 224, 224, **SCALINGS["kinetics"]),
    "slowfast_4x16": ClipSpec(32, 2, 30.0, 224, 224, **SCALINGS["kinetics"]),
    "slowfast_8x8": ClipSpec(32, 2, 30.0, 224, 224, **SCALINGS["kinetics"]),
    "slowfast_16x8": ClipSpec(64, 2, 30.0, 224, 224, **SCALINGS["kinetics"]),
    "csn_32x2": ClipSpec(32, 2, 30.0, 224, 224, **SCALINGS["kinetics"]),
    "r2plus1d_16x4": ClipSpec(16, 4, 30.0, 224, 224, **SCALINGS["kinetics"]),
    "x3d_xs": ClipSpec(4, 12, 30.0, 160, 160, resize=182, **SCALINGS["kinetics"]),
    "x3d_s": ClipSpec(13, 6, 30.0, 160, 160, resize=182, **SCALINGS["kinetics"]),
    "x3d_m": ClipSpec(16, 5, 30.0, 224, 224, resize=256, **SCALINGS["kinetics"]),
    "x3d_l": ClipSpec(16, 5, 30.0, 312, 312, resize=356, **SCALINGS["kinetics"]),
    "mmaction_8x8": ClipSpec(8, 8, None, 224, 224, **SCALINGS["imagenet_255"]),
    "mmaction_4x16": ClipSpec(4, 16, None, 224, 224, **SCALINGS["imagenet_255"]),
    "mmaction_32x2": ClipSpec(32, 2, None, 224, 224, **SCALINGS["imagenet_255"]),
    "tsn_3": ClipSpec(3, 1, None, 224, 224, **SCALINGS["imagenet_255"], sampling="segments"),
    "tsn_8": ClipSpec(8, 1, None, 224, 224, **SCALINGS["imagenet_255"], sampling="segments"),
    "tsn_16": ClipSpec(16, 1, None, 224, 224, **SCALINGS["imagenet_255"], sampling="segments"),
    "ssv2_8": ClipSpec(8, 1, 30.0, 224, 224, **SCALINGS["kinetics"], sampling="segments"),
    "ssv2_32": ClipSpec(32, 1, 30.0, 224, 224, **SCALINGS["kinetics"], sampling="segments"),
    "ssv2_64": ClipSpec(64, 1, 30.0, 224, 224, **SCALINGS["kinetics"], sampling="segments"),
    "ibm_32x2": ClipSpec(32, 2, None, 224, 224, **SCALINGS["imagenet"]),
    "medicalnet_56": ClipSpec(56, 1, None, 448, 448, channels=1, resize=448, mean=(0.5,), std=(0.25,)),
    "ct_160": ClipSpec(160, 1, None, 224, 224, resize=224, **SCALINGS["identity"]),
    "garden_32x2": ClipSpec(32, 2, None, 224, 224, **SCALINGS["identity"]),
    "imagenet_224": ClipSpec(1, 1, None, 224, 224, **SCALINGS["imagenet"]),
    "timm_half_224": ClipSpec(1, 1, None, 224, 224, **SCALINGS["half"]),
    "keras_resnet50_224": ClipSpec(1, 1, None, 224, 224, mean=(103.939, 116.779, 123.68), std=(1.0,) * 3,
                                   value_range=(0.0, 255.0), channel_order="BGR"),
}


def preset(name: str) -> ClipSpec:
    """The published clip geometry called `name`; `PRESETS` lists them. Another name is a ValueError.

    >>> preset("torchvision_112").resize
    (128, 171)
    """
    if name not in PRESETS:
        raise ValueError(f"A clip preset is one of {', '.join(PRESETS)}. Received: {name!r}.")
    return PRESETS[name]
