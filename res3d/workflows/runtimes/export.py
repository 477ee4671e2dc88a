"""A trained network, and what is known of it, to a file for another runtime."""

import numpy as np

from pipelines.annotations.entries import Manifest
from pipelines.dataset.evaluation import evaluation_clips
from pipelines.manifest import read_manifest
from res3d.terminal.progress import steps
from res3d.workflows.export import card_facts
from res3d.workflows.loading import load_trained
from serving.exporter.runtimes import model_file
from serving.exporter.runtimes.eight_bits.int8 import check_quantizer

SECONDS = {"loading": 5.0, "folding": 8.0, "comparing": 2.0, "writing": 10.0, "verifying": 8.0}
CALIBRATING = {"calibrating": 60.0}
TRAINING, HELD_OUT = "train", ("val", "validation", "test")


def export_for_runtime(workdir, model, output, *, labels=None, multi_label=False, data=None, samples=300, **options):
    """Writes the network of a work folder, or of another model, as a file for another runtime.

    Args:
        workdir, model, labels, multi_label: as of `res3d.workflows.export.export`.
        output: the file.
        data: labelled videos to calibrate 8-bit arithmetic on, or None for float32. Of a data set with splits those to
            train on; what is held out then judges the change.
        samples: int. Most clips for either.
        options: as of `serving.exporter.runtimes.model_file.export_file`, which says what is returned.
    """
    if data is not None:
        check_quantizer(options["format"])  # before videos are read
    with steps("exporting", SECONDS if data is None else SECONDS | CALIBRATING) as begin:
        begin("loading")
        network, clip, names, several = load_trained(workdir or model, labels)
        clips = {} if data is None else _calibration(read_manifest(data, labels=names), clip, samples)
        return model_file.export_file(network, output, names, clip=clip, multi_label=several or multi_label or None,
                                      card=card_facts(workdir, model, network), progress=begin, **clips,
                                      **options)


def file_summary(path, report):
    """What `export_for_runtime` wrote, in a few lines."""
    checks = report["checks"]
    largest = max(check["difference"] for check in checks)
    batches = " and ".join(str(check["batch"]) for check in checks)
    lines = [path] if report["axes"] == 5 else [path, "  frames on the batch axis: no tensor has more than four axes"]
    if "change" in report:
        lines.append("  8-bit arithmetic: " + ", ".join(f"{name} {value}" for name, value in report["change"].items()))
        lines.append(f"  answers again in a fresh process, at batch {batches}, by {report['runtime']}")
    else:
        lines.append(f"  within {largest:.1e} of Keras, of the logits' range, at batch {batches}, verified by "
                     f"{report['runtime']}")
    return "\n".join([*lines, f"  next: res3d predict VIDEO --model={path}"])


def _calibration(manifest, clip, samples):
    """The clips to calibrate on and those to judge by, as `export_file` takes them."""
    splits = set(manifest.splits) - {None}
    held_out = next((name for name in HELD_OUT if name in splits), None)
    if TRAINING not in splits or held_out is None:
        clips, truth = _clips(manifest, clip, samples)
        return {"calibration": clips, "judged": (clips, truth)}
    return {"calibration": _clips(manifest.select(TRAINING), clip, samples)[0],
            "judged": _clips(manifest.select(held_out), clip, samples)}


def _clips(manifest, spec, count):
    """(uint8 clips, label ids or None) of at most `count` videos from all over the list, which goes class by class."""
    places = np.unique(np.linspace(0, len(manifest) - 1, min(count, len(manifest))).astype(int))
    chosen = Manifest([manifest.entries[place] for place in places], manifest.labels, multi_label=manifest.multi_label)
    batches = [(clips.numpy(), ids.numpy()) for clips, ids in evaluation_clips(chosen, spec, batch_size=8)]
    truth = np.concatenate([ids for _, ids in batches])
    return np.concatenate([clips for clips, _ in batches]), truth if truth.ndim == 1 else None
