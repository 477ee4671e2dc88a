"""The clips that published networks were trained on, by name."""

from res3d.geometry.clip_spec import ClipSpec

_KINETICS: dict = {"mean": (0.45,) * 3, "std": (0.225,) * 3}  # pytorchvideo, PySlowFast
_MMACTION: dict = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375), "value_range": (0.0, 255.0)}
_IMAGENET: dict = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}

PRESETS = {
    "torchvision_112": ClipSpec(16, 1, 15.0, 112, 112, resize=(128, 171)),
    "vmz_112": ClipSpec(16, 1, 15.0, 112, 112, resize=(128, 171)),
    "kenshohara_112": ClipSpec(16, 1, None, 112, 112, resize=112, mean=(0.4345, 0.4051, 0.3775),
                               std=(0.2768, 0.2713, 0.2737)),
    "kenshohara_2018_112": ClipSpec(16, 1, None, 112, 112, resize=112, mean=(114.7748, 107.7354, 99.4750),
                                    std=(1.0, 1.0, 1.0), value_range=(0.0, 255.0)),
    "slow_4x16": ClipSpec(4, 16, 30.0, 224, 224, **_KINETICS),
    "slow_8x8": ClipSpec(8, 8, 30.0, 224, 224, **_KINETICS),
    "slowfast_4x16": ClipSpec(32, 2, 30.0, 224, 224, **_KINETICS),
    "slowfast_8x8": ClipSpec(32, 2, 30.0, 224, 224, **_KINETICS),
    "slowfast_16x8": ClipSpec(64, 2, 30.0, 224, 224, **_KINETICS),
    "csn_32x2": ClipSpec(32, 2, 30.0, 224, 224, **_KINETICS),
    "r2plus1d_16x4": ClipSpec(16, 4, 30.0, 224, 224, **_KINETICS),
    "x3d_xs": ClipSpec(4, 12, 30.0, 160, 160, resize=182, **_KINETICS),
    "x3d_s": ClipSpec(13, 6, 30.0, 160, 160, resize=182, **_KINETICS),
    "x3d_m": ClipSpec(16, 5, 30.0, 224, 224, resize=256, **_KINETICS),
    "x3d_l": ClipSpec(16, 5, 30.0, 312, 312, resize=356, **_KINETICS),
    "mmaction_8x8": ClipSpec(8, 8, None, 224, 224, **_MMACTION),
    "mmaction_4x16": ClipSpec(4, 16, None, 224, 224, **_MMACTION),
    "mmaction_32x2": ClipSpec(32, 2, None, 224, 224, **_MMACTION),
    "tsn_3": ClipSpec(3, 1, None, 224, 224, **_MMACTION, sampling="segments"),
    "tsn_8": ClipSpec(8, 1, None, 224, 224, **_MMACTION, sampling="segments"),
    "tsn_16": ClipSpec(16, 1, None, 224, 224, **_MMACTION, sampling="segments"),
    "ssv2_8": ClipSpec(8, 1, 30.0, 224, 224, **_KINETICS, sampling="segments"),
    "ssv2_32": ClipSpec(32, 1, 30.0, 224, 224, **_KINETICS, sampling="segments"),
    "ssv2_64": ClipSpec(64, 1, 30.0, 224, 224, **_KINETICS, sampling="segments"),
    "ibm_32x2": ClipSpec(32, 2, None, 224, 224, **_IMAGENET),
    "medicalnet_56": ClipSpec(56, 1, None, 448, 448, channels=1, resize=448, mean=(0.5,), std=(0.25,)),
    "ct_160": ClipSpec(160, 1, None, 224, 224, resize=224, mean=(0.0,) * 3, std=(1.0,) * 3),
    "garden_32x2": ClipSpec(32, 2, None, 224, 224, mean=(0.0,) * 3, std=(1.0,) * 3),
    "imagenet_224": ClipSpec(1, 1, None, 224, 224, **_IMAGENET),
    "timm_half_224": ClipSpec(1, 1, None, 224, 224, mean=(0.5,) * 3, std=(0.5,) * 3),
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
