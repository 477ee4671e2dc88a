"""A trained network over labelled videos: figures, predictions and a report in the work folder."""

import functools
import json

import numpy as np
from absl import logging

from pipelines.grouping.groups import groups_of
from pipelines.grouping.note import load_note, video_names
from pipelines.sample.protocols import protocol as find_protocol
from res3d.evaluation.intervals import accuracy_interval, class_accuracy_interval
from res3d.evaluation.metrics import ranks, summarise
from res3d.evaluation.report.writing import write_report
from res3d.explain import GradCam, overlay
from res3d.terminal.progress import bars
from res3d.training.recipe import Recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.judging.baselines import baseline_figures
from res3d.workflows.judging.leaks import find_leaks, leak_figures, load_leaks
from res3d.workflows.judging.motion import CHANGES, motion_figures
from res3d.workflows.judging.videos import check_truth, known, videos_to_judge, videos_trained_on
from res3d.workflows.loading import load_network, load_rejection
from res3d.workflows.rejecting import calibrate as rejecting
from res3d.workflows.scoring import middle_clip, score


def evaluate(workdir, data=None, protocol=None, *, model=None, split=None, compare=(), explain=False, workers=None,
             progress=True, trivial=True, motion=False, leaks=True, calibrate=None, background=None, **lists):
    """Scores the best model of a work folder and writes metrics.json, predictions.csv and report.html into it.

    Args:
        workdir: folder that `train` left.
        data: videos; None takes the validation videos of the run.
        protocol: name of a protocol; None is the recipe's.
        model: another model than the work folder's, as of `load_network`, or None. The figures go into `workdir`, which
            holds no run then, and `data` must be given.
        split: split of `data`; None is the recipe's validation split where the data have it, else, of the run's own,
            the splits that it was not trained on, else all videos.
        compare: other evaluated work folders, shown side by side.
        explain: bool. Heat maps in the report.
        workers: int or None. Videos decoded at once.
        progress: bool. A bar on a terminal.
        trivial: bool. Also what needs no network, on the same videos: chance, the largest class, linear classifiers.
        motion: bool. Also the same clips with their frames shuffled, reversed and stilled.
        leaks: bool. Also what the videos share with those trained on, and the figures without those that do.
        calibrate: `Wanted` or None. Choose a temperature and a threshold for "none of these" on these videos, and keep
            them with the run; the figures are those at that temperature.
        background: as `background_windows` takes it, or None. Count false alarms there.
        lists: `videos`, `format` and `fold` of an annotation file, as `read_manifest` takes them; what is not given is,
            of the run's own videos, as `train` was told. Of a run with `folds`, `fold` names one of them.

    Returns:
        dict, as in metrics.json: `top1`, `top5`, `mean_class_accuracy`, `videos`, `skipped`, `padded` (videos so short
        that the protocol repeats frames of theirs), `protocol`, `seconds`, `groups`, `intervals` (low and high of 95 %
        over groups drawn again), `baselines`, `motion`, `leaks`, `rejection`, ...

    Raises:
        ValueError: if no video can be evaluated, none is as long as the protocol takes, or labels do not fit.
    """
    folder = WorkFolder(workdir)
    rejecting.check(calibrate, background, folder, of_run=model is None)
    recipe, run = (folder.recipe, folder.run) if model is None else _no_run(folder, data)
    protocol = find_protocol(protocol if protocol is not None else recipe.protocol)
    others = _others(compare)  # before the videos: they take their time
    rejection = load_rejection(workdir if model is None else model)
    model, clip, labels, multi_label = load_network(workdir if model is None else model)
    manifest = videos_to_judge(folder, recipe, data, split, labels, lists)
    check_truth(manifest, folder, multi_label)
    scored = score(model, clip, manifest, protocol.name, labels, workers=workers, multi_label=multi_label,
                   progress=progress, long_enough=True, changes=CHANGES if motion else None)
    _check_scores(scored, manifest)
    pattern = {**run.get("lists", {}), **lists}.get("group")
    facts = known(folder, manifest, pattern)
    scored, found = rejecting.figures_of(scored, facts, rejection, calibrate, background, folder,
                                         (model, clip, labels, multi_label, protocol.average), pattern)
    metrics = _figures(scored, multi_label) | found | facts
    trained_on = functools.cache(lambda: videos_trained_on(folder, scored.predictions.labels))
    metrics |= _worth(scored, pattern, multi_label, trained_on if trivial else None, motion, workers, progress)
    metrics |= _leaks(folder, scored, data is None, multi_label, trained_on, workers, progress) if leaks else {}
    metrics |= {"videos": len(scored.predictions.videos), "skipped": len(scored.quarantine),
                "missing": len(manifest.missing), "padded": len(scored.padded),
                "clips": sum(map(len, scored.clip_scores)), "protocol": protocol.name,
                "protocol_text": protocol.source, "model": model.name, "classes": len(labels),
                "seconds": scored.seconds, "network_seconds": scored.network_seconds,
                "skipped_videos": [list(pair) for pair in scored.quarantine]}
    folder.path.mkdir(parents=True, exist_ok=True)
    scored.predictions.save(folder.predictions_file)
    folder.save_metrics(metrics)
    frames, heat = _painters(model, clip, scored, explain)
    with bars("video", progress) as begin:
        write_report(folder.report_file, scored.predictions, metrics, folder.history, f"{model.name} in {folder}",
                     frames, others, heat=heat, multi_label=multi_label, facts=_facts(scored, pattern),
                     recipe=folder.recipe_file.read_text(encoding="utf-8") if folder.recipe_file.is_file() else "",
                     progress=lambda total: begin("taking pictures", total).update)
    return metrics


def _facts(scored, pattern):
    """What the report tells of the videos themselves."""
    names = groups_of(scored.manifest, pattern).names
    return {"seconds": [seconds for seconds, _ in scored.lengths], "rates": [rate for _, rate in scored.lengths],
            "groups": [names[position] for position in scored.positions]}


def _no_run(folder, data):
    """(recipe, facts) that stand for those of a run where a model that is none is judged."""
    if folder.recipe_file.is_file():
        raise ValueError(f"`workdir` must be a folder for the figures of `model`, which holds no run. Received: "
                         f"'{folder}', a run. Use another, or leave `model` out to evaluate the run.")
    if data is None:
        raise ValueError("`data` must name videos, since a model does not say what it was trained on. Received none.")
    return Recipe(), {}


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


def _worth(scored, pattern, multi_label, trained_on, motion, workers, progress):
    """What the figures are to be read with: intervals over groups, and what needs no network, or no motion."""
    predictions, manifest = scored.predictions, scored.manifest
    groups = groups_of(manifest, pattern)
    names = [groups.names[position] for position in scored.positions]
    found = {"groups": len(set(names)), "groups_told_by": groups.source}
    if not multi_label:
        right = ranks(predictions.scores, predictions.single) == 0
        spans = {"top1": accuracy_interval(right, names),
                 "mean_class_accuracy": class_accuracy_interval(right, predictions.single, names)}
        found["intervals"] = {name: list(span) for name, span in spans.items() if span is not None}
    if trained_on is not None:
        training = trained_on()
        fitted = groups_of(training, pattern).names if len(training) else []
        found["baselines"] = baseline_figures(training, manifest, groups.names, fitted, workers, progress)
    if motion:
        found["motion"] = motion_figures(scored, predictions.hot if multi_label else predictions.single, multi_label)
    return found


def _leaks(folder, scored, own, multi_label, trained_on, workers, progress):
    """{"leaks": ...} of the videos, or {} where nobody could look."""
    predictions, names = scored.predictions, video_names(scored.manifest)
    note = load_note(folder.split_file) if own and folder.leaks_file.is_file() else None
    if note is not None and set(names) <= set(note.held):
        rows = load_leaks(folder.leaks_file)
    else:
        rows = find_leaks(trained_on(), scored.manifest, workers, progress)
    if rows is None:
        return {}
    return {"leaks": leak_figures(rows, [names[position] for position in scored.positions], predictions.scores,
                                  predictions.hot if multi_label else predictions.single, multi_label)}


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
