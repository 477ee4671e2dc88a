"""VMZ's Caffe2 files (`.pkl`): blocks counted through all stages, renamed to VMZ's torch names first."""

import dataclasses
import re

TRAINING_BLOBS = re.compile(r"_momentum$|^(lr|model_iter|epoch)$")
NORM = {"s": "weight", "b": "bias", "rm": "running_mean", "riv": "running_var"}
PART = re.compile(r"comp_(\d+)_(conv|spatbn)_(\d)(_middle)?_(w|s|b|rm|riv)")
SHORTCUT = re.compile(r"shortcut_projection_(\d+)_(?:spatbn_)?(w|s|b|rm|riv)")
STEM = re.compile(r"conv1(_middle)?(?:_spatbn_relu)?_(w|s|b|rm|riv)")
HEAD = re.compile(r"last_out_L\d+_(w|b)")


def is_caffe2(shapes):
    """Whether these keys are blobs of VMZ's."""
    return "conv1_spatbn_relu_s" in shapes and any(name.startswith("comp_0_conv_1_") for name in shapes)


def from_caffe2(tensors):
    """(the blobs under VMZ's torch names, names of those that only training needs)."""
    parts = [match for name in tensors if (match := PART.fullmatch(name))]
    numbers = {int(match[3]) for match in parts}
    wrapped = {int(match[3]) for match in parts if match[4]}
    units = Units(_places(tensors, numbers), 2 not in numbers, wrapped, _sees_time_apart(tensors, wrapped),
                  "conv1_middle_w" in tensors)
    names, left = {}, []
    for name, blob in tensors.items():
        if TRAINING_BLOBS.search(name):
            left.append(name)
        else:
            names[units.torch_name(name)] = blob
    return names, tuple(left)


@dataclasses.dataclass(frozen=True)
class Units:
    """What a file's convolutions are made of, by which its names are turned.

    `places` are the torch names of the blocks by number; `skips` says that convolutions are numbered 1, 3, 4, as those
    of ir-CSN, whose depthwise one is the third; `wrapped` are the numbers of those with an inner half, `factorized` is
    what that half is; `middle_stem` says the same of the stem.
    """

    places: dict
    skips: bool
    wrapped: set
    factorized: bool
    middle_stem: bool

    def torch_name(self, name):
        """VMZ's torch name of a blob; a name that is none of a network's stays as it is."""
        if match := PART.fullmatch(name):
            number = int(match[3])
            place = _place(match[2] == "conv", bool(match[4]), number in self.wrapped, self.factorized)
            module = f"{self.places[int(match[1])]}.conv{number - (self.skips and number > 2)}.{place}"
        elif match := SHORTCUT.fullmatch(name):
            module = f"{self.places[int(match[1])]}.downsample.{0 if match[2] == 'w' else 1}"
        elif match := STEM.fullmatch(name):
            module = f"stem.{(3 if self.middle_stem and not match[1] else 0) + (match[2] != 'w')}"
        elif match := HEAD.fullmatch(name):
            return "fc.weight" if match[1] == "w" else "fc.bias"
        else:
            return name
        return f"{module}.{NORM.get(match[match.lastindex], 'weight')}"


def _places(tensors, numbers):
    """{block's number: torch name of the block}: its last convolution tells its stage, each twice as wide as before."""
    last, places, stage, first = max(numbers), {}, 0, 0
    blocks = sorted({int(match[1]) for name in tensors if (match := PART.fullmatch(name))})
    widths = [tensors[f"comp_{block}_conv_{last}_w"].shape[0] for block in blocks]
    for block, width in zip(blocks, widths):
        if block == 0 or width != widths[block - 1]:
            stage, first = stage + 1, block
        places[block] = f"layer{stage}.{block - first}"
    return places


def _place(conv, middle, wrapped, factorized):
    """Where in a unit of two convolutions, or one, a convolution or a norm lies."""
    if not wrapped:
        return "0" if conv else "1"
    if middle:
        return "0.0" if conv else "0.1"
    return ("0.3" if factorized else "0.2") if conv else "1"


def _sees_time_apart(tensors, wrapped):
    """Whether the inner halves of units see space alone: (2+1)D, with a ReLU between the halves; ip-CSN has none."""
    number = min(wrapped, default=0)
    inner = tensors.get(f"comp_0_conv_{number}_middle_w")
    return inner is not None and inner.shape[-1] == 3
