"""The page itself, out of scores, figures and what is known of the videos."""

import itertools
import pathlib

import numpy as np

from res3d.atomic import writing
from res3d.evaluation.report import answer, sights
from res3d.evaluation.report.classes import class_rows, matrix_of, weakest
from res3d.evaluation.report.clips import clip_groups
from res3d.evaluation.report.confusion import confusion
from res3d.evaluation.worth import figure_of, worth_rows
from res3d.looks.rendering import render

HERE = pathlib.Path(__file__).parent
FAILING = 3  # classes named at the top
COMPARED = ("top1", "top5", "mean_class_accuracy", "mean_average_precision")


def write_report(path, predictions, metrics, history=(), title="Report", frames=None, others=None, examples=6,
                 heat=None, multi_label=False, recipe="", facts=None, progress=None):
    """Writes the page.

    Args:
        path: file to write, aside and renamed.
        predictions: `Predictions`.
        metrics: dict, as in metrics.json.
        history: rows of history.csv.
        title: str.
        frames: function of a video's position in `predictions` -> `(n, height, width, 3)` uint8, or None for no clips.
        others: dict of run name -> (metrics, history), shown side by side with this one.
        examples: int. Clips of each kind: surest wrong, furthest from the truth, surest right.
        heat: function like `frames`, of frames with a heat map drawn on, or None.
        multi_label: bool. Whether a video may have several labels.
        recipe: str. The recipe as text.
        facts: as `data_sights` takes them, or None.
        progress: as of `clip_groups`.
    """
    others, rows = others or {}, class_rows(predictions, multi_label)
    runs = {"this run": list(history)} | {name: found for name, (_, found) in others.items()}
    single = not multi_label and len(predictions.videos) > 0
    right = predictions.predicted == predictions.single if single else None
    trust, lowest = answer.trust(metrics), [row for row in weakest(rows) if row["value"] < 1][:FAILING]
    page = {
        "title": title, "metrics": metrics, "multi_label": multi_label, "headline": answer.headline(metrics),
        "figure": figure_of(metrics), "worth": worth_rows(metrics),
        "against": answer.against(metrics), "trust": trust, "verdict": answer.verdict(trust),
        "steps": answer.next_steps(metrics, rows, history), "classes": weakest(rows),
        "empty": [row["label"] for row in rows if row["value"] is None],
        "failing": lowest, "lowest": answer.lowest(lowest[0]) if lowest else "",
        "confusion": confusion(matrix_of(predictions), predictions.labels) if single else None,
        "clips": (clip_groups(predictions, frames, heat, examples, progress) if frames and len(predictions.videos)
                  else []),
        "looks": heat is not None, "inside": common_folder(predictions.videos), "curves": sights.training_charts(runs),
        "reliability": sights.reliability_chart(predictions.scores, predictions.single) if single else None,
        "data": sights.data_sights(facts or {}, right), "recipe": recipe, "run_names": ["this run", *others],
        "compared": compared(metrics, others), "side": _side(metrics, others)}
    with writing(path, "w", errors="surrogateescape") as file:
        file.write(render(HERE, "report.html.j2", **page))


def common_folder(paths):
    """The folder that all lie in, with a slash at its end, or "".

    >>> common_folder(["data/run/a.avi", "data/rest/a.avi"]), common_folder(["a.avi"])
    ('data/', '')
    """
    folders = zip(*(path.split("/")[:-1] for path in paths))
    return "".join(f"{names[0]}/" for names in itertools.takewhile(lambda names: len(set(names)) == 1, folders))


def compared(metrics, others):
    """[(name, value a run)] of every number that this run has."""
    names = [name for name, value in metrics.items()
             if isinstance(value, int | float | np.number) and not isinstance(value, bool)]
    return [(name, [metrics[name], *(found.get(name) for found, _ in others.values())]) for name in names]


def _side(metrics, others):
    """[(figure, [(run, value, interval)])] of the figures of merit, where there is more than one run."""
    if not others:
        return []
    runs = {"this run": metrics} | {name: found for name, (found, _) in others.items()}
    rows = [(name, [(run, found[name], found.get("intervals", {}).get(name)) for run, found in runs.items()
                    if name in found]) for name in COMPARED]
    return [(name, found) for name, found in rows if found]
