"""Which networks have goldens, at which sizes: the list that `rewrite.py` runs and the tests walk."""

import dataclasses
import pathlib

FOLDER = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Case:
    """One published network.

    Attributes:
        original: the network's name in its own project, or the arguments that build it there.
        model: our name of it.
        sizes: (frames, height, width) of the clips, the native one first.
        classes: int, or None for a network that ends in features.
        channels: int. Of the clips.
        probabilities: the original answers with probabilities; the golden holds their logarithms.
        slow: left to the long run, as most are: a few small networks tell at once whether anything holds.
    """

    original: tuple
    model: str
    sizes: tuple
    classes: int | None = 400
    probabilities: bool = False
    slow: bool = True
    channels: int = 3


KINETICS = {"mean": (0.45,) * 3, "std": (0.225,) * 3}
SCALES = {  # what each project does to pixels that are 0 to 255, as published
    "torchvision": {"mean": (0.43216, 0.394666, 0.37645), "std": (0.22803, 0.22145, 0.216989)},
    "torchvision_image": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "timm": {"mean": (0.5,) * 3, "std": (0.5,) * 3},
    "tsm": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "vmz": {"mean": (0.43216, 0.394666, 0.37645), "std": (0.22803, 0.22145, 0.216989)},
    "pytorchvideo": KINETICS,
    "pyslowfast": KINETICS,
    "kenshohara_2018": {"mean": (114.7748, 107.7354, 99.4750), "std": (1.0,) * 3, "top": 255.0},
    "kenshohara_2020": {"mean": (0.4345, 0.4051, 0.3775), "std": (0.2768, 0.2713, 0.2737)},
    "medicalnet": {"mean": (0.5,), "std": (0.25,)},
    "i3resnet": {"mean": (0.0,) * 3, "std": (1.0,) * 3},
    "ibm": {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)},
    "mmaction2": {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375), "top": 255.0},
}

PREFIXES = {  # under which projects publish their names
    "kenshohara_2018": "module.", "tsm": "module.", "ibm": "module.", "medicalnet": "module.",
    "i3resnet": "encode_image.i3_resnet."}

VIDEO = ((16, 112, 112), (8, 96, 128))
IMAGE = ((1, 224, 224), (2, 160, 192))
VOLUME = ((48, 64, 64), (40, 64, 80))  # deep enough for the widest steps inside a kernel to meet something
SLOW = ((8, 224, 224), (8, 256, 256))
FAST = ((32, 224, 224), (32, 256, 256))


def _images(*names):
    return {f"torchvision_image/{name}": Case((name,), model, IMAGE, 1000, slow=name != "resnet18")
            for name, model in names}


def _kenshohara(release, rows, classes):
    return {f"kenshohara_{release}/{model.removeprefix('kenshohara_')}": Case(
        (family, depth, classes, kind), model, VIDEO, classes) for family, depth, kind, model in rows}


def _volumes(*rows):
    """Networks of `originals.volumes`; the deep ones, which take long, at one size."""
    return {name.format(depth): Case(
        (family, depth), model.format(depth), sizes[:1 if depth > 100 else 2], None if family == "medicalnet" else 400,
        channels=1 if family == "medicalnet" else 3)
        for name, family, model, sizes, depths in rows for depth in depths}


CASES = {
    "torchvision/r3d_18": Case(("r3d_18",), "r3d_18", VIDEO),
    "torchvision/mc3_18": Case(("mc3_18",), "mc3_18", VIDEO),
    "torchvision/r2plus1d_18": Case(("r2plus1d_18",), "r2plus1d_18", VIDEO),
    **_images(("resnet18", "resnet_18"), ("resnet34", "resnet_34"), ("resnet50", "resnet_50"),
              ("resnet101", "resnet_101"), ("resnet152", "resnet_152"), ("wide_resnet50_2", "wide_resnet_50_2"),
              ("wide_resnet101_2", "wide_resnet_101_2"), ("resnext50_32x4d", "resnext_50_32x4d"),
              ("resnext101_32x8d", "resnext_101_32x8d")),
    "timm/resnetv2_18": Case(("resnetv2_18",), "resnet_18_v2", IMAGE, 1000),
    "timm/resnetv2_50": Case(("resnetv2_50",), "resnet_50_v2", IMAGE, 1000),
    "tsm/tsm_r50": Case((50, 400, 8), "tsm_r50", ((8, 224, 224), (8, 192, 160))),
    "tsm/resnet_50": Case((50, 400), "resnet_50", ((8, 224, 224), (3, 192, 160))),
    "vmz/r2plus1d_34": Case(("r2plus1d_34",), "vmz_r2plus1d_34", ((32, 112, 112), (8, 96, 128)), 400),
    "vmz/r2plus1d_152": Case(("r2plus1d_152",), "vmz_r2plus1d_152", ((32, 112, 112), (8, 96, 128))),
    "vmz/ir_csn_152": Case(("ir_csn_152",), "vmz_ir_csn_152", ((32, 224, 224), (16, 160, 192))),
    "vmz/ip_csn_152": Case(("ip_csn_152",), "vmz_ip_csn_152", ((32, 224, 224), (16, 160, 192))),
    "pytorchvideo/slow_r50_4x16": Case(("slow_r50_4x16",), "slow_r50_4x16", ((4, 224, 224), (4, 256, 256))),
    "pytorchvideo/slow_r50": Case(("slow_r50",), "slow_r50", SLOW),
    "pytorchvideo/slow_r101": Case(("slow_r101",), "slow_r101", SLOW),
    "pytorchvideo/c2d_r50": Case(("c2d_r50",), "c2d_r50", SLOW),
    "pytorchvideo/i3d_r50": Case(("i3d_r50",), "i3d_r50", SLOW),
    "pytorchvideo/slowfast_r50_4x16": Case(("slowfast_r50_4x16",), "slowfast_r50_4x16", FAST),
    "pytorchvideo/slowfast_r50": Case(("slowfast_r50",), "slowfast_r50_8x8", FAST),
    "pytorchvideo/slowfast_r101": Case(("slowfast_r101",), "slowfast_r101_8x8", FAST),
    "pytorchvideo/slowfast_r101_50_50": Case(("slowfast_r101_50_50",), "slowfast_r101_50_50_16x8",
                                             ((64, 224, 224), (64, 256, 256))),
    "pytorchvideo/csn_r50": Case(("csn_r50",), "ir_csn_50", FAST),
    "pytorchvideo/csn_r101": Case(("csn_r101",), "ir_csn_101", FAST),
    "pytorchvideo/r2plus1d_r50": Case(("r2plus1d_r50",), "r2plus1d_r50", ((16, 224, 224), (16, 256, 256)),
                                      probabilities=True),
    "pytorchvideo/x3d_xs": Case(("x3d_xs",), "x3d_xs", ((4, 160, 160), (4, 182, 182)), probabilities=True),
    "pytorchvideo/x3d_s": Case(("x3d_s",), "x3d_s", ((13, 160, 160), (13, 182, 182)), probabilities=True),
    "pytorchvideo/x3d_m": Case(("x3d_m",), "x3d_m", ((16, 224, 224), (16, 256, 256)), probabilities=True),
    "pytorchvideo/x3d_l": Case(("x3d_l",), "x3d_l", ((16, 312, 312), (16, 356, 356)), probabilities=True),
    "pyslowfast/slow_r50": Case(("slow_r50",), "slow_r50", SLOW[:1]),
    "pyslowfast/c2d_nopool_r50": Case(("c2d_nopool_r50",), "c2d_nopool_r50", SLOW[:1]),
    "pyslowfast/i3d_r50": Case(("i3d_r50",), "i3d_r50", SLOW[:1]),
    "pyslowfast/i3d_nl_r50": Case(("i3d_nl_r50",), "i3d_nl_r50", SLOW),
    "pyslowfast/slowfast_r50_4x16": Case(("slowfast_r50_4x16",), "slowfast_r50_4x16", FAST[:1]),
    "pyslowfast/slowfast_r50": Case(("slowfast_r50",), "slowfast_r50_8x8", FAST[:1]),
    "pyslowfast/x3d_s": Case(("x3d_s",), "x3d_s", ((13, 160, 160),), probabilities=True),
    "pyslowfast/x3d_m": Case(("x3d_m",), "x3d_m", ((16, 224, 224),), probabilities=True),
    **_kenshohara(2018, (("r3d", 18, "A", "kenshohara_r3d_18_a"), ("r3d", 34, "A", "kenshohara_r3d_34_a"),
                         ("r3d", 50, "B", "kenshohara_r3d_50"), ("r3d", 101, "B", "kenshohara_r3d_101"),
                         ("preact", 18, "B", "kenshohara_preact_r3d_18"),
                         ("preact", 200, "B", "kenshohara_preact_r3d_200"),
                         ("wide", 50, "B", "kenshohara_wide_r3d_50"), ("resnext", 50, "B", "kenshohara_resnext3d_50"),
                         ("resnext", 101, "B", "kenshohara_resnext3d_101")), 400),
    **_kenshohara(2020, (("r3d", 10, "B", "kenshohara_r3d_10"), ("r3d", 18, "B", "kenshohara_r3d_18"),
                         ("r3d", 34, "B", "kenshohara_r3d_34"), ("r3d", 50, "B", "kenshohara_r3d_50"),
                         ("r3d", 152, "B", "kenshohara_r3d_152"), ("r3d", 200, "B", "kenshohara_r3d_200"),
                         ("r2plus1d", 18, "B", "kenshohara_r2plus1d_18"),
                         ("r2plus1d", 34, "B", "kenshohara_r2plus1d_34"),
                         ("r2plus1d", 50, "B", "kenshohara_r2plus1d_50")), 700),
    **_volumes(("medicalnet/resnet_{}", "medicalnet", "medicalnet_{}", VOLUME, (10, 18, 34, 50, 101, 152, 200)),
               ("i3resnet/i3resnet_{}", "i3resnet", "i3resnet_{}", VIDEO, (50, 101, 152)),
               ("ibm/i3d_r{}", "ibm_i3d", "ibm_i3d_r{}", VIDEO, (50, 101)),
               ("ibm/tam_r{}", "tam", "tam_r{}", ((8, 112, 112), (8, 96, 128)), (50, 101))),
    "mmaction2/slowonly_r50_4x16": Case(("slowonly_r50_4x16",), "mmaction_slow_r50", ((4, 224, 224), (8, 256, 256))),
    "mmaction2/slowonly_r101": Case(("slowonly_r101",), "mmaction_slow_r101", ((8, 224, 224),)),
    "mmaction2/tsm_r50": Case(("tsm_r50",), "tsm_r50", ((8, 224, 224), (8, 192, 160))),
    "mmaction2/i3d_r50": Case(("i3d_r50",), "mmaction_i3d_r50", ((32, 224, 224), (16, 192, 160))),
    "mmaction2/i3d_heavy_r50": Case(("i3d_heavy_r50",), "mmaction_i3d_heavy_r50",
                                    ((32, 224, 224), (16, 192, 160))),
    "mmaction2/ircsn_r50": Case(("ircsn_r50",), "vmz_ir_csn_50", ((32, 224, 224), (16, 160, 192))),
    "mmaction2/ircsn_r152": Case(("ircsn_r152",), "vmz_ir_csn_152", ((32, 224, 224), (16, 160, 192))),
    "mmaction2/ipcsn_r152": Case(("ipcsn_r152",), "vmz_ip_csn_152", ((32, 224, 224), (16, 160, 192))),
}


def golden(name):
    """The file that holds what the original answered."""
    return FOLDER / f"{name}.npz"
