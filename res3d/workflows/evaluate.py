"""A trained network over labelled videos: figures, predictions and a report in the work folder."""

import functools
import json

import numpy as np
from absl import logging

from pipelines.annotations.entries import Manifest, canonical_split
from pipelines.grouping.note import load_note, video_names
from pipelines.manifest import read_manifest
from pipelines.sample.protocols import protocol as find_protocol
from res3d.atomic import write_aside
from res3d.evaluation.metrics import summarise
from res3d.evaluation.report import write_report
from res3d.explain import GradCam, overlay
from res3d.training.workfolder import WorkFolder
from res3d.workflows.loading import load_network
from res3d.workflows.scoring import middle_clip, score
from res3d.workflows.training_data import held_by_position


def evaluate(workdir, data=None, protocol=None, *, split=None, compare=(), explain=False, workers=None, progress=True,
             **lists):
    """Scores the best model of a work folder and writes metrics.json, predictions.csv and report.html into it.

    Args:
        workdir: folder that `train` left.
        data: videos; None takes the validation videos of the run.
        protocol: name of a protocol; None is the recipe's.
        split: split of `data`; None is the recipe's validation split where the data have it, else, of the run's own,
            the splits that it was not trained on, else all videos.
        compare: other evaluated work folders, shown side by side.
        explain: bool. Heat maps in the report.
        workers: int or None. Videos decoded at once.
        progress: bool. A bar on a terminal.
        lists: `videos`, `format` and `fold` of an annotation file, as `read_manifest` takes them; what is not given is,
            of the run's own videos, as `train` was told.

    Returns:
        dict, as in metrics.json: `top1`, `top5`, `mean_class_accuracy`, `videos`, `skipped`, `padded` (videos so short
        that the protocol repeats frames of theirs), `protocol`, `seconds`, ...

    Raises:
        ValueError: if no video can be evaluated, none is as long as the protocol takes, or labels do not fit.
    """
    folder = WorkFolder(workdir)
    recipe = folder.recipe
    protocol = find_protocol(protocol if protocol is not None else recipe.protocol)
    others = _others(compare)  # before the videos: they take their time
    model, clip, labels, multi_label = load_network(workdir)
    manifest = _videos(folder, recipe, data, split, labels, lists)
    _check_truth(manifest, folder, multi_label)
    scored = score(model, clip, manifest, protocol.name, labels, workers=workers, multi_label=multi_label,
                   progress=progress, long_enough=True)
    _check_scores(scored, manifest)
    metrics = _figures(scored, multi_label)
    metrics |= _known(folder, manifest, {**folder.run.get("lists", {}), **lists}.get("group"))
    metrics |= {"videos": len(scored.predictions.videos), "skipped": len(scored.quarantine),
                "missing": len(manifest.missing), "padded": len(scored.padded),
                "clips": sum(map(len, scored.clip_scores)), "protocol": protocol.name,
                "protocol_text": protocol.source, "model": model.name, "classes": len(labels),
                "seconds": scored.seconds, "network_seconds": scored.network_seconds,
                "skipped_videos": [list(pair) for pair in scored.quarantine]}
    scored.predictions.save(folder.predictions_file)
    write_aside(folder.metrics_file, json.dumps(metrics, indent=2) + "\n")
    frames, heat = _painters(model, clip, scored, explain)
    write_report(folder.report_file, scored.predictions, metrics, folder.history, f"{model.name} in {folder}", frames,
                 others, heat=heat, multi_label=multi_label)
    return metrics


def _videos(folder, recipe, data, split, labels, lists):
    """The manifest to evaluate."""
    own, asked = data is None, lists
    if own:
        data, lists = folder.run.get("data"), {**folder.run.get("lists", {}), **lists}
    if data is None:
        raise ValueError(f"`--data` must name videos: '{folder}' does not say what it was trained on. Received none.")
    note = load_note(folder.split_file)
    if own and split is None and note is not None and note.held and "fold" not in asked:
        return _held(note, read_manifest(data, labels=labels, **_plain(lists)), data)
    manifest = read_manifest(data, labels=labels, **_plain(lists))
    if split is not None:
        return manifest.select(split)
    wanted = canonical_split(recipe.data.validation_split)
    if wanted in manifest.splits:
        return manifest.select(wanted)
    if own and note is None and not set(manifest.splits) - {None}:  # a run of a former version
        _, held = held_by_position(manifest, recipe.data.validation_fraction, recipe.seed)
        if held:
            return Manifest(held, manifest.labels, manifest.missing, manifest.multi_label)
    others = [entry for entry in manifest if entry.split not in ("train", None)]
    if own and others:
        logging.info("no split '%s' in '%s': evaluating its %s", wanted, data,
                     " and ".join(sorted({entry.split for entry in others})))
        missing = [row for row in manifest.missing if row.split not in ("train", None)]
        return Manifest(others, manifest.labels, missing, manifest.multi_label)
    if own:
        logging.warning("'%s' has no videos apart from those trained on: the figures say nothing about new ones", data)
    return manifest


def _held(note, manifest, data):
    """The videos that the run held out, by their names, whatever else there is today."""
    named = dict(zip(video_names(manifest), manifest))
    entries = [entry for name, entry in named.items() if name in note.held]
    gone = len(note.held) - len(entries)
    if gone:
        logging.warning("%d of the %d videos that the run held out are no longer in '%s'", gone, len(note.held), data)
    if not entries:
        raise ValueError(f"Expected videos that the run held out. None of {len(note.held)}, such as "
                         f"'{next(iter(note.held))}', is in '{data}' under its name. Name videos with --data.")
    new = [name for name in named if name not in note.held and name not in note.trained]
    if new:
        logging.info("%d videos in '%s' came after the run began, such as '%s': --data evaluates all", len(new), data,
                     new[0])
    return Manifest(entries, manifest.labels, [row for row in manifest.missing if row.split != "train"],
                    manifest.multi_label)


def _plain(lists):
    """What `read_manifest` takes of the options; `fold` of --folds is none of its."""
    return {name: value for name, value in lists.items() if name not in ("group", "folds")
            and (name != "fold" or "folds" not in lists)}


def _known(folder, manifest, group):
    """{figure: count} of what the run was trained on among the videos, which is also said."""
    note = load_note(folder.split_file)
    if note is None:
        return {}
    trained, alike = note.met(manifest, group)
    if trained:
        logging.warning("%d of %d videos were trained on, such as '%s': the figures say little about new ones",
                        len(trained), len(manifest), trained[0])
    if alike:
        logging.warning("%d of %d videos are of a group that was trained on, such as '%s'", len(alike), len(manifest),
                        alike[0])
    return {"trained_on": len(trained), "of_trained_groups": len(alike)}


def _check_truth(manifest, folder, multi_label):
    """Raises ValueError where videos have no label, or more labels than the network gives."""
    several = [entry.path for entry in manifest if len(entry.labels) > 1]
    if several and not multi_label:
        raise ValueError(f"The videos must have one label each, as those that '{folder}' was trained on. Received: "
                         f"several for {len(several)} of {len(manifest)}, such as '{several[0]}'. Evaluate a run of "
                         "loss.multi_label=true on them.")
    unlabelled = [entry.path for entry in manifest if not entry.labels]
    if unlabelled and (not multi_label or len(unlabelled) == len(manifest)):
        raise ValueError(f"A video to evaluate needs a label. {len(unlabelled)} of {len(manifest)} have none, such as "
                         f"'{unlabelled[0]}'. Use `res3d predict` for videos without labels.")


def _check_scores(scored, manifest):
    """Raises ValueError where no video has scores, and warns of scores that are no numbers."""
    predictions = scored.predictions
    if not predictions.videos:
        path, reason = scored.quarantine[0]
        raise ValueError(f"Expected a video that can be evaluated. None of {len(manifest)} can; '{path}': "
                         f"{reason}.")
    odd = [video for video, answer in zip(predictions.videos, predictions.predicted) if answer < 0]
    if odd:
        logging.warning("the network gives no numbers (NaN or infinity) for %d of %d videos, such as '%s': they count "
                        "as wrong", len(odd), len(predictions.videos), odd[0])


def _figures(scored, multi_label):
    """The figures of the videos, and the same with every view counted as a clip of its own."""
    predictions = scored.predictions
    truth = predictions.hot if multi_label else predictions.single
    metrics = summarise(predictions.scores, truth, multi_label)
    repeated = np.repeat(truth, [len(rows) for rows in scored.clip_scores], axis=0)
    found = summarise(np.concatenate(scored.clip_scores), repeated, multi_label)
    clips = {f"clip_{name}": found[name] for name in ("top1", "top5", "mean_average_precision") if name in found}
    return metrics | clips


def _others(workdirs):
    found = {}
    for workdir in workdirs:
        folder = WorkFolder(workdir)
        if not folder.metrics_file.is_file():
            raise FileNotFoundError(f"A run to compare with must have been evaluated. '{workdir}' has no metrics.json: "
                                    f"run res3d evaluate --workdir={workdir} first.")
        found[str(workdir)] = json.loads(folder.metrics_file.read_text(encoding="utf-8")), folder.history
    return found


def _painters(model, spec, scored, explain):
    """Functions from a row's number to the frames of its middle clip, as they are and with the heat map drawn on."""
    @functools.lru_cache(maxsize=1)  # the heat map of a row is asked for after its frames
    def frames(row):
        return middle_clip(scored.manifest.entries[scored.positions[row]], spec)[0]

    if not explain:
        return frames, None
    look = GradCam(model)

    def heat(row):
        pixels = frames(row)
        return overlay(pixels, look(pixels)[0])

    return frames, heat
