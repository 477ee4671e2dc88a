"""How published networks scale their pixels: fields of a ClipSpec, by name."""

_255: dict = {"value_range": (0.0, 255.0)}
SCALINGS: dict[str, dict] = {
    "torchvision": {"mean": (0.43216, 0.394666, 0.37645), "std": (0.22803, 0.22145, 0.216989)},
    "kinetics": {"mean": (0.45,) * 3, "std": (0.225,) * 3},  # pytorchvideo, PySlowFast
    "imagenet": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "imagenet_255": {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375), **_255},  # mmaction2
    "vmz_255": {"mean": (110.2008, 100.63983, 95.99475), "std": (58.14765, 56.46975, 55.332195), **_255},
    "half": {"mean": (0.5,) * 3, "std": (0.5,) * 3},
    "identity": {"mean": (0.0,) * 3, "std": (1.0,) * 3},
}
