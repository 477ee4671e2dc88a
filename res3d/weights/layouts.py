"""A model's weights under the names of a published project: what that project's own code, and our reader, load."""

import contextlib
import dataclasses
import os

import keras
import numpy as np

from res3d.layers.arguments import choice
from res3d.layers.pixel_scaling import clip_of
from res3d.networks.variants.table import VARIANTS
from res3d.weights.backwards import convert_back
from res3d.weights.formats.safetensors import SUFFIX, write_safetensors
from res3d.weights.published import pyslowfast
from res3d.weights.sources import SOURCES

LAYOUTS = {  # the layout that the rows of a source were published in
    "torchvision": "torchvision", "torchvision's layout": "torchvision", "He et al., 2015": "torchvision",
    "He et al., 2016": "timm", "VMZ": "vmz", "3D-ResNets-PyTorch, 2018": "kenshohara",
    "3D-ResNets-PyTorch, 2020": "kenshohara", "pytorchvideo": "pytorchvideo", "PySlowFast": "pyslowfast",
    "mmaction2": "mmaction2", "IBM": "ibm", "MedicalNet": "medicalnet", "I3ResNet's layout": "i3resnet"}
SHOWN = 8  # names that an error lists


@dataclasses.dataclass(frozen=True)
class Anatomy:
    """What the names of a network's tensors depend on, by project.

    Attributes:
        paths: our paths of its weights.
        rank: 2 for networks that see pictures, 3 for those that see clips.
        pooled: a pool halves time after the first stage.
        shifted: channels move between frames.
        depthwise: the middle convolutions of its bottlenecks see one channel each.
    """

    paths: frozenset[str]
    rank: int
    pooled: bool = False
    shifted: bool = False
    depthwise: bool = False

    def has(self, layer: str) -> bool:
        """Whether there are weights in `layer`."""
        return any(path.startswith(f"{layer}/") for path in self.paths)


def anatomy(model: keras.Model) -> Anatomy:
    """What the names of `model`'s tensors depend on."""
    arrays = weights_by_path(model)
    middle = arrays.get("stage1/block0/conv_b/conv/kernel")
    rank = max((weight.ndim - 2 for path, weight in arrays.items() if path.endswith("conv/kernel")), default=0)
    return Anatomy(
        frozenset(arrays), rank, any(layer.name == "pool1" for layer in model.layers),
        any(getattr(block, "shift", 0) for layer in model.layers for block in getattr(layer, "blocks", ())),
        middle is not None and "stage1/block0/conv_c/conv/kernel" in arrays and middle.shape[-2] == 1)


def weights_by_path(model):
    """{our path: weight} of `model`, without the state of random numbers."""
    return {weight.path: weight for weight in model.weights if "seed_generator" not in weight.path}


def torch_tensors(model: keras.Model, layout: str) -> dict[str, np.ndarray]:
    """`model`'s weights as the state dict that a network of `layout` has.

    Args:
        model: a model of `res3d.build`, or one trained from it.
        layout: a name of `res3d.weights.sources.SOURCES`.

    Returns: float32 arrays by torch's names; counts of batches, which torch does without, are left out.

    Raises:
        ValueError: for another layout, or where the model has weights that the layout has no name for; the layouts that
            fit are named.
    """
    choice(layout, tuple(SOURCES), "layout")
    ours = anatomy(model)
    arrays = {path: np.asarray(weight.numpy(), np.float32) for path, weight in weights_by_path(model).items()}
    tensors, unnamed = named(arrays, ours, layout)
    if unnamed:
        fitting = _fitting(arrays, ours)
        shown = ", ".join(unnamed[:SHOWN]) + (f" and {len(unnamed) - SHOWN} more" if len(unnamed) > SHOWN else "")
        raise ValueError(f"The layout {layout!r} has no names for these weights of the model '{model.name}': {shown}. "
                         + (f"Layouts that have: {', '.join(fitting)}." if fitting else "No layout has."))
    return tensors


def named(arrays, ours, layout):
    """(tensors by the names of `layout`, our paths that it has no name for)."""
    module = SOURCES[layout]
    marks = module.marks(ours) if hasattr(module, "marks") else ()
    if module is pyslowfast and ours.has("stem/spatial"):
        arrays = with_every_shortcut_norm(arrays)
    # Tables ask for some shapes' numbers of axes alone.
    return convert_back(arrays, module.rules(dict.fromkeys(marks, (0,) * 5)), getattr(module, "AXES", ()))


def with_every_shortcut_norm(arrays, epsilon=1e-5):
    """`arrays` with a norm that changes nothing after each projection that has none, as PySlowFast's X3D has one."""
    added = {}
    for path, kernel in arrays.items():
        norm = path.replace("/conv/kernel", "/norm")
        if path.endswith("/shortcut/conv/kernel") and f"{norm}/gamma" not in arrays:
            ones = np.ones(kernel.shape[-1], np.float32)
            added |= {f"{norm}/gamma": ones, f"{norm}/beta": 0 * ones, f"{norm}/moving_mean": 0 * ones,
                      f"{norm}/moving_variance": (ones - epsilon).astype(np.float32)}
    return {**arrays, **added}


def layout_of(model: keras.Model) -> str:
    """The layout that the row of `model`'s name was published in.

    Raises:
        ValueError: for the name of no row, or a row that was published in none; layouts that have names for all of its
            weights are named.
    """
    row = VARIANTS.get(model.name)
    layout = LAYOUTS.get(row.source) if row else None
    if layout is None:
        arrays = {path: np.broadcast_to(np.float32(0), weight.shape) for path, weight in weights_by_path(model).items()}
        fitting = _fitting(arrays, anatomy(model))
        raise ValueError(f"The model '{model.name}' was published in no layout that is known here. " + (
            f"Give one that has names for all of its weights: {', '.join(fitting)}." if fitting else
            "None has names for all of its weights: save it as .keras."))
    return layout


def _fitting(arrays, ours):
    """Layouts that have a name for each of `arrays`."""
    return [name for name in SOURCES if not named(arrays, ours, name)[1]]


def write_layout(model: keras.Model, path: str | os.PathLike, layout: str | None = None) -> dict:
    """Writes `model`'s weights as a state dict of `layout` that torch's `safetensors` and `res3d.load_weights` read.

    Args:
        model: a model of `res3d.build`, or one trained from it.
        path: file to write; ends in `.safetensors`.
        layout: a name of `res3d.weights.sources.SOURCES`, or None for the one that its row was published in.

    Returns:
        dict, ready for JSON: `layout`, `model`, `tensors`, `parameters`, `output`.

    Raises:
        ValueError: for a layout that does not fit; those that do are named. Or another suffix.
    """
    path = os.fspath(path)
    if not path.endswith(SUFFIX):
        raise ValueError(f"`output` must end in {SUFFIX}. Received: {path!r}.")
    layout = layout_of(model) if layout is None else layout
    tensors = torch_tensors(model, layout)
    metadata = {"format": "pt", "layout": layout, "arch": model.name}
    with contextlib.suppress(ValueError):  # without a clip it takes floats, which its user scales
        metadata["clip"] = clip_of(model).to_json()
    write_safetensors(path, tensors, metadata)
    return {"layout": layout, "model": model.name, "tensors": len(tensors),
            "parameters": sum(array.size for array in tensors.values()), "output": path}
