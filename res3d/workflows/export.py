"""A trained network, and what is known of it, to a SavedModel version."""

import dataclasses
import hashlib
import json
import os
import pathlib

import numpy as np
from absl import logging

from pipelines.dataset.evaluation import evaluation_clips
from res3d.pretrained.finding import find, find_saved, is_unpacked
from res3d.pretrained.hub import push_preset
from res3d.pretrained.origin import origin_of
from res3d.pretrained.preset import save_preset
from res3d.terminal.progress import steps
from res3d.training.workfolder import WorkFolder
from res3d.weights.catalogue.table import find_weights
from res3d.weights.formats.safetensors import SUFFIX
from res3d.weights.layouts import write_layout
from res3d.weights.store.digests import digest_of
from res3d.weights.store.mirror import local_path
from res3d.weights.store.places import home
from res3d.workflows.loading import load_rejection, load_trained
from serving.exporter import saved_model

SECONDS = {"loading": 5.0, "folding": 8.0, "writing": 5.0, "comparing": 2.0, "verifying": 25.0}  # of r3d_18, 2 cores
FIGURES = ("mean_average_precision", "top1", "top5", "mean_class_accuracy")  # of metrics.json, for a model card


def export(workdir, model, output, *, labels=None, multi_label=False, data=None, samples=64, **options):
    """Writes a version of the network of a work folder, or of another model; returns its path.

    Args:
        workdir, model: the one or the other; the other is None.
        output: the model's folder.
        labels: file of label names, or None for those beside the network.
        multi_label: bool. Independent scores, where the network does not say so itself.
        data: labelled videos on which the change by another precision is measured, or None.
        samples: int. How many of them.
        options: as of `serving.export`.
    """
    with steps("exporting", SECONDS) as begin:
        begin("loading")
        network, clip, names, several = load_trained(workdir or model, labels)
        clips = None if data is None else _samples(data, clip, names, samples)
        return saved_model.export(network, output, names, clip=clip, multi_label=several or multi_label or None,
                                  samples=clips, card=card_facts(workdir, model, network), progress=begin,
                                  **options)


def exported(model):
    """The folder of `model`'s export, which is made once, in `RES3D_HOME`, and called as the model is.

    Args:
        model: a preset folder, here or on the hub, a work folder, a `.keras` file, a checkpoint, here or on the web,
            or published weights by name.
    """
    path = find(model)[0] if model.startswith(("http://", "https://")) else find_saved(model)
    if path is None:
        row = find_weights(model)
        return _once(row.name, f"{row.name.replace('/', '.')}.{_row_digest(row)}", row.network)
    if model.startswith("hf://"):
        return _once(model, _digest(path), model.partition("@")[0].split("/")[-1])
    return _once(model, _digest(path), path.resolve().name if path.is_dir() else path.stem)


def _row_digest(row):
    """What tells a row from one that had its name: a user's own rows change, and so do files of this machine."""
    file = local_path(row.address)
    told = repr(row) + (digest_of(file) if file is not None and file.is_file() else "")
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _digest(path):
    """What tells a saved model from any other: its weights, and what names its classes."""
    files = [path]
    if path.is_dir():
        weights = path / "model.weights.h5" if is_unpacked(path) else WorkFolder(path).model_file
        files = [weights, *(path / name for name in ("config.json", "res3d.json", "labels.txt", "recipe.yaml",
                                                      "rejection.json"))]
    else:
        files += [path.with_suffix(".labels.txt"), path.with_name("labels.txt"), path.with_name("rejection.json")]
    digests = [digest_of(file) for file in files if file.is_file()]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]


def _once(source, key, name):
    """The folder of an export of `source`, made if there is none yet."""
    folder = home() / "exports" / key / name
    if not any(child.name.isdigit() for child in folder.glob("*")):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(f"A model is exported once before it is served, and '{folder}' cannot be written "
                          f"({error.strerror}). Set RES3D_HOME to a folder that can.") from error
        logging.info("exporting %s to %s", source, folder)
        run = pathlib.Path(source).is_dir() and not is_unpacked(source)
        export(source if run else None, None if run else source, os.fspath(folder))
    return os.fspath(folder)


def export_weights(source, output, layout=None):
    """Writes the weights of a work folder's network, or of a `.keras` file, under a published project's names.

    Args:
        source: a work folder or a `.keras` file.
        output: file to write; `.safetensors` is appended where it is missing.
        layout: a name of `res3d.weights.sources.SOURCES`, or None for the network's own.

    Returns: dict, as of `res3d.weights.layouts.write_layout`.
    """
    network = load_trained(source, None)[0]
    return write_layout(network, f"{output.removesuffix(SUFFIX)}{SUFFIX}", layout)


def export_preset(source, output, labels=None, push=None):
    """Writes the network of a work folder, or of a `.keras` file, as a preset folder, and uploads it.

    Args:
        source: a work folder or a `.keras` file.
        output: the folder.
        labels: file of label names, or None for those beside the network.
        push: `hf://org/name`, or None.

    Returns: dict: `model`, `classes`, `results`, `output` and, pushed, `address`.
    """
    network, _, names, several = load_trained(source, labels)
    facts = save_preset(network, output, labels=names, multi_label=several, results=_results(source))
    said = {"model": facts["model"], "classes": facts["classes"], "results": facts["results"], "output": str(output)}
    return {**said, "address": push_preset(output, push)} if push else said


def _results(source):
    """What `res3d evaluate` measured of a work folder, as one result, in percent as publishers tell theirs."""
    path = WorkFolder(source).metrics_file if pathlib.Path(source).is_dir() and not is_unpacked(source) else None
    if path is None or not path.is_file():
        return []
    metrics = json.loads(path.read_text(encoding="utf-8"))
    return [{"dataset": "own videos", "protocol": f"{metrics.get('protocol', '')}, {metrics.get('videos', 0)} videos",
             **{name: round(100 * metrics[name], 2) for name in FIGURES if name in metrics}}]


def card_of(path):
    """The model card of a version, a dict."""
    return json.loads((pathlib.Path(path) / "assets.extra" / "model_card.json").read_text(encoding="utf-8"))


def summary(path):
    """What an export is, in a few lines, read from its model card."""
    card = card_of(path)
    clip, precision, report = card["clip"], card["precision"], card["verified"]
    lines = [path, f"  {card['model']}: {card['parameters']:,} parameters, {len(card['labels'])} labels, clips of "
                   f"{clip['frames']} frames {clip['height']}x{clip['width']}",
             f"  {precision['folded_norms']} batch norms folded, computed in {precision['dtype']}"
             + (f", kernels saved in {precision['quantize']}" if precision["quantize"] else "")]
    if "change" in precision:
        lines.append("  change: " + ", ".join(f"{name} {value:g}" for name, value in precision["change"].items()))
    if report is None:
        lines.append("  not verified")
    else:
        largest = max(check["difference"] for check in report["checks"])
        lines.append(f"  {len(card['signatures'])} signatures within {largest:.1e} of Keras, verified by "
                     f"{report['runtime']}")
    lines.append(f"  next: res3d serve {pathlib.Path(path).parent}")
    return "\n".join(lines)


def _samples(data, spec, labels, count):
    """(uint8 clips, label ids or None) of the first `count` videos."""
    clips, truth = [], []
    for batch, ids in evaluation_clips(data, spec, batch_size=8, labels=labels):
        clips.append(batch.numpy())
        truth.append(ids.numpy())
        if sum(map(len, clips)) >= count:
            break
    truth = np.concatenate(truth)[:count]
    return np.concatenate(clips)[:count], truth if truth.ndim == 1 else None


def card_facts(workdir, model, network):
    """What a card says of the network of a run, or of a model, beside what it computes."""
    return run_facts(workdir) | origin_facts(network) | rejection_facts(workdir or model)


def origin_facts(network):
    """Where published weights come from, for the card."""
    origin = origin_of(network)
    if origin is None:
        return {}
    told = dataclasses.asdict(origin)
    return {"weights": {name: told[name] for name in ("name", "metric", "top1", "top5", "protocol", "licence",
                                                      "address", "digest") if told[name]}}


def run_facts(workdir):
    """What the work folder knows of the model's quality, for the card."""
    path = pathlib.Path(workdir or "") / "metrics.json"
    return {"metrics": json.loads(path.read_text(encoding="utf-8"))} if workdir and path.is_file() else {}


def rejection_facts(model):
    """When the model answers "none of these", for the card."""
    found = load_rejection(model)
    return {} if found is None else {"rejection": dataclasses.asdict(found)}
