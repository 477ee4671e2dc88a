"""A model as a folder that travels: what plain Keras loads, what this package knows of it, and a clip that proves both.

    config.json, metadata.json, model.weights.h5    the model, as keras.saving.load_model reads a folder
    res3d.json                                      clip, labels, results, where the weights come from
    check.npz                                       a small clip and the scores that the model gave for it
    README.md                                       the model card
"""

import json
import os
import pathlib
import tempfile
import zipfile
from collections.abc import Iterable, Mapping

import keras
import numpy as np

from res3d.atomic import renamed, write_aside
from res3d.geometry import ClipSpec
from res3d.layers.pixel_scaling import clip_of
from res3d.pretrained.card import model_card
from res3d.pretrained.origin import Origin, origin_of, remember
from res3d.saving import load_model

FACTS, CHECK, CARD = "res3d.json", "check.npz", "README.md"
FORMAT = 1
FIGURES = {"top1": "top-1", "mAP": "mAP"}  # the first figure of a result, and what the table of weights calls it
TOLERANCE = 1e-3  # of the largest score: float32 sums in another order, on another backend or machine


def save_preset(model: keras.Model, folder: str | os.PathLike, *, labels: Iterable[str] | None = None,
                results: Iterable[Mapping] = (), multi_label: bool | None = None, licence: str = "") -> dict:
    """Writes `model` as a folder that `keras.saving.load_model`, `res3d.load_preset` and `build(weights=)` read.

    Args:
        model: a model that takes uint8 clips, as `res3d.build` makes with a clip.
        folder: a folder, which is made; one with another preset is written over.
        labels: names of the model's classes in order; None takes those of its published weights, if they are known.
        results: dicts of what it reached, as {"dataset": "kinetics400", "protocol": "10 clips x 3 crops", "top1": 74.6,
            "top5": 91.6}; without any, what was published about its weights where it still has their classes.
        multi_label: bool or None. Several labels a clip; None is as its published weights are.
        licence: str. Of the weights, as the hub spells it, such as "cc-by-nc-4.0".

    Returns: dict, what `res3d.json` holds.

    Raises:
        ValueError: for a model that takes no clip, or another number of labels than classes.

    >>> import res3d
    >>> model = res3d.build("resnet_10", 2, ClipSpec(2, 1, None, 32, 32), width=0.125)
    >>> save_preset(model, "waving", labels=["still", "waving"])["labels"]
    ['still', 'waving']
    >>> load_preset("waving").output_shape
    (None, 2)
    """
    clip, origin = clip_of(model), origin_of(model)
    labels = origin.labels if labels is None and origin else labels
    labels = None if labels is None else [str(label) for label in labels]
    classes = model.output_shape[-1]
    if labels is not None and len(labels) != classes:
        raise ValueError(f"`labels` must name the model's {classes} classes. Received: {len(labels)} labels.")
    facts = {
        "format": FORMAT, "model": model.name, "clip": clip.to_dict(), "labels": labels, "classes": classes,
        "multi_label": bool(origin and origin.multi_label) if multi_label is None else multi_label,
        "parameters": model.count_params(), "results": [dict(result) for result in results] or _published(origin),
        "licence": licence or (origin.licence if origin else ""),
        "source": origin and {"name": origin.name, "address": origin.address, "digest": origin.digest}}
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # The facts go last and come first when it is written over: a folder that was being written has none.
    (folder / FACTS).unlink(missing_ok=True)
    _unpack(model, folder)
    sample = sample_clip(clip)
    with renamed(folder / CHECK, ".npz") as aside:
        np.savez_compressed(aside, clip=sample, scores=scores(model, sample))
    write_aside(folder / CARD, model_card(facts))
    write_aside(folder / FACTS, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return facts


def _published(origin):
    """What was published about the weights, as one result."""
    if origin is None or origin.top1 is None:
        return []
    figures = {next((name for name in FIGURES if FIGURES[name] == origin.metric), "top1"): origin.top1}
    dataset = origin.name.rpartition("/")[2]
    return [{"dataset": dataset, "protocol": origin.protocol, **figures,
             **({"top5": origin.top5} if origin.top5 is not None else {}), "published": True}]


def _unpack(model, folder):
    """The members of the model's `.keras` file, each whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        packed = os.path.join(aside, "model.keras")
        model.save(packed)
        with zipfile.ZipFile(packed) as archive:
            for member in archive.namelist():
                archive.extract(member, aside)
                (folder / member).parent.mkdir(parents=True, exist_ok=True)
                os.replace(os.path.join(aside, member), folder / member)


def sample_clip(clip: ClipSpec) -> np.ndarray:
    """A uint8 clip of moving stripes, (frames, height, width, channels), which packs small and is the same everywhere.

    >>> sample_clip(ClipSpec(2, 1, None, 32, 32)).shape
    (2, 32, 32, 3)
    """
    frames, height, width, channels = np.ogrid[tuple(map(slice, clip.shape))]
    stripes = np.abs((17 * frames + 9 * height + 5 * width + 40 * channels) % 256 - 128)
    return (stripes + 16 * ((height // 8 + width // 8 + frames) % 8)).astype(np.uint8)


def scores(model, clip):
    """The model's answer to one clip, float32."""
    return np.asarray(keras.ops.convert_to_numpy(model(clip[None], training=False))[0], np.float32)


def is_preset(folder: str | os.PathLike) -> bool:
    """Whether a folder is one that `save_preset` wrote."""
    return os.path.isfile(os.path.join(folder, FACTS))


def read_facts(folder: str | os.PathLike) -> dict:
    """What `res3d.json` of a preset folder holds.

    Raises:
        ValueError: if it is damaged, or of a later format.
        OSError: if there is none.
    """
    path = os.path.join(folder, FACTS)
    with open(path, encoding="utf-8") as file:
        try:
            facts = json.load(file)
        except ValueError as error:
            raise ValueError(f"'{path}' must be JSON, as save_preset writes it ({error}). Get it again.") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        said = facts.get("format") if isinstance(facts, dict) else facts
        raise ValueError(f"'{path}' must be of format {FORMAT}. Received: {said!r}. It may need a newer res3d.")
    return facts


def load_preset(folder: str | os.PathLike, check: bool = True) -> keras.Model:
    """The model of a folder that `save_preset` wrote; `res3d.origin_of` tells its labels and results.

    Args:
        folder: a preset folder.
        check: bool. Asks the model for the scores of the folder's clip, and compares.

    Returns:
        A model of uint8 clips, (batch, frames, height, width, channels), to scores, (batch, classes).

    Raises:
        ValueError: if the folder is damaged, or the model does not give the scores that it gave when it was saved.
        OSError: if there is none.
    """
    facts = read_facts(folder)
    model = load_model(os.fspath(folder), compile=False)
    clip = ClipSpec.from_dict(facts["clip"])
    if clip_of(model) != clip:
        raise ValueError(f"The model in '{folder}' must take the clip of its {FACTS}: {clip}. It takes "
                         f"{clip_of(model)}. Files of two presets lie there: get the folder again.")
    if check:
        check_scores(model, folder)
    source: dict = facts.get("source") or {}
    result: dict = next(iter(facts["results"]), {})
    figure = next((name for name in FIGURES if name in result), None)
    remember(model, Origin(
        source.get("name") or str(folder), facts["model"], clip, facts["labels"] and tuple(facts["labels"]),
        facts["multi_label"], FIGURES[figure] if figure else "", result.get(figure), result.get("top5"),
        result.get("protocol", ""), facts["licence"], source.get("address", ""), source.get("digest", "")))
    return model


def check_scores(model: keras.Model, folder: str | os.PathLike) -> float:
    """How far the model's scores of the folder's clip are from those kept with it, as a part of the largest.

    Raises:
        ValueError: if that is more than a thousandth: it is another model, or computes something else.
    """
    with np.load(os.path.join(folder, CHECK)) as kept:
        clip, expected = kept["clip"], kept["scores"]
    found = scores(model, clip)
    largest = float(np.abs(expected).max()) or 1.0
    apart = float(np.abs(found - expected).max()) / largest if found.shape == expected.shape else float("inf")
    if not apart <= TOLERANCE:
        raise ValueError(f"The model in '{folder}' must give the scores in its {CHECK} within {TOLERANCE:g} of the "
                         f"largest. They are {apart:.2g} apart. Get the folder again; if it is whole, the model was "
                         "changed after it was saved, or this Keras computes it otherwise.")
    return apart
