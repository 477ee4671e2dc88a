"""A trained network, and what is known of it, to a SavedModel version."""

import dataclasses
import json
import os
import pathlib

import numpy as np
from absl import logging

from pipelines.dataset.evaluation import evaluation_clips
from res3d.pretrained.origin import origin_of
from res3d.weights.catalogue.table import find_weights
from res3d.weights.store.places import home
from res3d.workflows.loading import load_trained
from serving.exporter import saved_model


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
    network, clip, names, several = load_trained(workdir or model, labels)
    clips = None if data is None else _samples(data, clip, names, samples)
    return saved_model.export(network, output, names, clip=clip, multi_label=several or multi_label or None,
                              samples=clips, card=_facts(workdir) | _origin(network), **options)


def export_published(name):
    """The folder of a model made of published weights, exported once into `RES3D_HOME`, and called as its network.

    Args:
        name: as of `res3d.weights.find_weights`.
    """
    row = find_weights(name)
    folder = home() / "exports" / row.name.replace("/", ".") / row.network
    if not any(child.name.isdigit() for child in folder.glob("*")):
        folder.mkdir(parents=True, exist_ok=True)
        logging.info("exporting %s to %s", row.name, folder)
        export(None, row.name, os.fspath(folder))
    return os.fspath(folder)


def summary(path):
    """What an export is, in a few lines, read from its model card."""
    card = json.loads((pathlib.Path(path) / "assets.extra" / "model_card.json").read_text(encoding="utf-8"))
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


def _origin(network):
    """Where published weights come from, for the card."""
    origin = origin_of(network)
    if origin is None:
        return {}
    told = dataclasses.asdict(origin)
    return {"weights": {name: told[name] for name in ("name", "metric", "top1", "top5", "protocol", "licence",
                                                      "address", "digest") if told[name]}}


def _facts(workdir):
    """What the work folder knows of the model's quality, for the card."""
    path = pathlib.Path(workdir or "") / "metrics.json"
    return {"metrics": json.loads(path.read_text(encoding="utf-8"))} if workdir and path.is_file() else {}
