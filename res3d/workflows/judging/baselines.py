"""What a data set gives away without a network: chance, the largest class, and linear classifiers of pixels."""

import time

import numpy as np
from absl import logging

from pipelines.annotations.entries import Manifest
from pipelines.dataset.evaluation import evaluation_views
from pipelines.dataset.targets import targets_of
from res3d.evaluation import glimpse
from res3d.evaluation.intervals import accuracy_interval
from res3d.evaluation.linear import ridge_scores
from res3d.evaluation.metrics import ranks, summarise
from res3d.geometry import ClipSpec
from res3d.terminal.progress import bar

MOST = 1000  # videos of a side that are looked at; of more, evenly many
FINE = 4  # pixels read for one, so that what is scaled down is a mean and not a sample
SPEC = ClipSpec(frames=glimpse.FRAMES, height=FINE * glimpse.SIDE, width=FINE * glimpse.SIDE, channels=1,
                resize=(FINE * glimpse.SIDE, FINE * glimpse.SIDE), sampling="segments")
LOOKS = {"middle_frame": glimpse.middle_frame, "frame_differences": glimpse.frame_differences}


def baseline_figures(training, evaluated, groups, training_groups, workers=None, progress=True):
    """Figures of merit that need no network, on the videos that one is evaluated on.

    Args:
        training: `Manifest` of what the network was trained on, with the same labels.
        evaluated: `Manifest`, all of it labelled.
        groups, training_groups: names, one an entry of each.
        workers: int or None. Videos decoded at once.
        progress: bool. A bar on a terminal.

    Returns:
        {name: {figure: float}} of "chance", "largest_class", and, where both sides have videos that can be read,
        "middle_frame" and "frame_differences"; with `videos` and `training_videos`, how many were looked at.
    """
    found = guesses(training, evaluated)
    if not len(training):
        return found
    started = time.monotonic()
    few = [thinned(manifest, names) for manifest, names in ((training, training_groups), (evaluated, groups))]
    with bar(sum(len(manifest) for manifest, _ in few), "linear classifiers", "video", progress) as counted:
        sides = [looked(manifest, names, workers, counted.update) for manifest, names in few]
    (rows, targets, fitted), (others, truth, names) = sides
    if not len(fitted) or not len(names):
        logging.warning("no linear classifiers to compare with: none of the %s can be read",
                        "videos trained on" if not len(fitted) else "videos")
        return found
    for name in LOOKS:
        scores = ridge_scores(rows[name], targets, fitted, others[name])
        found[name] = _figures(scores, truth, names, evaluated.multi_label)
        found[name] |= {"videos": len(names), "training_videos": len(fitted)}
    logging.info("linear classifiers: %.1f s", time.monotonic() - started)
    return found


def guesses(training, evaluated):
    """{"chance", "largest_class"} of videos: what is right by drawing a class, or by always saying the same."""
    targets = np.atleast_2d(_hot(evaluated))
    classes = evaluated.num_classes
    if evaluated.multi_label:
        return {"chance": {"mean_average_precision": float(targets.mean(axis=0)[targets.any(axis=0)].mean())}}
    found = {"chance": {"top1": 1 / classes, "top5": min(5, classes) / classes, "mean_class_accuracy": 1 / classes}}
    counts = _hot(training if len(training) else evaluated).sum(axis=0)
    largest = int(counts.argmax())
    share = float(targets[:, largest].mean())
    found["largest_class"] = {"top1": share, "label": evaluated.labels[largest],
                              "mean_class_accuracy": float(targets[:, largest].any()) / int(targets.any(axis=0).sum())}
    return found


def _figures(scores, truth, names, multi_label):
    if multi_label:
        figures = summarise(scores, truth, True)
        return {"mean_average_precision": figures["mean_average_precision"]}
    labels = truth.argmax(axis=1)
    figures = summarise(scores, labels)
    interval = accuracy_interval(ranks(scores, labels) == 0, names)
    return {name: figures[name] for name in ("top1", "top5", "mean_class_accuracy")} | {
        "top1_interval": interval and list(interval)}


def _hot(manifest):
    """(videos, classes) of 0 and 1."""
    targets = targets_of(manifest)
    return targets if manifest.multi_label else np.eye(manifest.num_classes, dtype="float32")[targets]


def thinned(manifest, groups, most=None):
    """At most so many entries, evenly many of each stretch of the classes in order, and their groups."""
    most = MOST if most is None else most
    if len(manifest) <= most:
        return manifest, list(groups)
    order = sorted(range(len(manifest)), key=lambda place: manifest.entries[place].labels)
    chosen = sorted(order[place] for place in np.linspace(0, len(order) - 1, most).round().astype(int))
    kept = Manifest([manifest.entries[place] for place in chosen], manifest.labels, (), manifest.multi_label)
    return kept, [groups[place] for place in chosen]


def looked(manifest, groups, workers, told=lambda: None):
    """({look: (videos, numbers)}, (videos, classes) of 0 and 1, groups) of the videos that can be read.

    `told` is called after each.
    """
    rows, places = {name: [] for name in LOOKS}, []
    for clip, _, place in evaluation_views(manifest, SPEC, "centre", labels=manifest.labels, workers=workers):
        frames = glimpse.shrunk(clip.numpy()[0, ..., 0])
        for name, look in LOOKS.items():
            rows[name].append(look(frames))
        places.append(int(place))
        told()
    return ({name: np.array(found, "float32") for name, found in rows.items()}, _hot(manifest)[places],
            [groups[place] for place in places])
