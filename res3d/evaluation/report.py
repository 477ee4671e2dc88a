"""`report.html`: one file that shows what a network learned and what it gets wrong, self-contained."""

import json

import numpy as np

from res3d.atomic import write_aside
from res3d.evaluation import figures
from res3d.evaluation.metrics import average_precision, confused_pairs, confusion_matrix
from res3d.evaluation.worth import worth_rows

TEMPLATE = "report.html.j2"


def write_report(path, predictions, metrics, history=(), title="Report", frames=None, others=None, examples=6,
                 heat=None, multi_label=False):
    """Writes the page.

    Args:
        path: file to write, aside and renamed.
        predictions: `Predictions`.
        metrics: dict, as in metrics.json.
        history: rows of history.csv.
        title: str.
        frames: function of a video's position in `predictions` -> `(n, height, width, 3)` uint8, or None for no strips.
        others: dict of run name -> (metrics, history), shown side by side with this one.
        examples: int. Strips of the best and of the worst clips, each.
        heat: function like `frames`, of frames with a heat map drawn on, or None.
        multi_label: bool. Whether a video may have several labels.
    """
    import jinja2

    environment = jinja2.Environment(loader=jinja2.PackageLoader("res3d", "templates"), autoescape=True,
                                     trim_blocks=True, lstrip_blocks=True)
    others = others or {}
    runs = {"this run": list(history)} | {name: rows for name, (_, rows) in others.items()}
    names = [name for name in metrics if isinstance(metrics[name], int | float) and not isinstance(metrics[name], bool)]
    compared = [(name, [metrics.get(name), *(found.get(name) for found, _ in others.values())]) for name in names]
    page = {"title": title, "metrics": metrics, "labels": predictions.labels, "compared": compared,
            "worth": worth_rows(metrics) if len(predictions.videos) else [],
            "run_names": list(runs), "curves": list(filter(None, [
                figures.curves(runs, ("loss", "val_loss"), "Loss"),
                figures.curves(runs, ("accuracy", "val_accuracy"), "Accuracy"),
                figures.curves(runs, ("mean_average_precision", "val_mean_average_precision"), "Average precision"),
                figures.curves(runs, ("learning_rate",), "Learning rate")]))}
    if len(predictions.videos):
        page |= _several(predictions) if multi_label else _single(predictions)
        page["best"], page["worst"] = _examples(predictions, frames, heat, examples)
    write_aside(path, environment.get_template(TEMPLATE).render(page))


def _single(predictions):
    labels, truth, predicted = predictions.labels, predictions.single, predictions.predicted
    matrix = confusion_matrix(truth[predicted >= 0], predicted[predicted >= 0], len(labels))
    pairs = confused_pairs(matrix, 20)
    table = []
    for index, label in enumerate(labels):
        row, total = matrix[index], int((truth == index).sum())
        wrong = np.where(np.arange(len(labels)) == index, 0, row)
        confused = labels[int(wrong.argmax())] if wrong.any() else ""
        table.append((label, total, row[index] / total if total else None, int(matrix[:, index].sum()), confused))
    cells = [[int(i), int(j), int(matrix[i, j])] for i, j in zip(*np.nonzero(matrix))]
    return {"per_class": table, "columns": ("class", "videos", "accuracy", "predicted", "most confused with"),
            "matrix": figures.confusion_image(matrix), "cells": json.dumps(cells),
            "labels_json": json.dumps(labels).replace("<", "\\u003c"),
            "pairs": [(labels[i], labels[j], n, n / matrix[i].sum()) for i, j, n in pairs],
            "reliability": figures.reliability(predictions.scores, truth)}


def _several(predictions):
    hot = predictions.hot
    table = [(label, int(hot[:, i].sum()), average_precision(predictions.scores[:, i], hot[:, i]) if hot[:, i].any()
              else None, int((predictions.scores[:, i] > 0.5).sum()), "") for i, label in enumerate(predictions.labels)]
    return {"per_class": table, "columns": ("class", "videos", "average precision", "above 0.5", "")}


def _examples(predictions, frames, heat, count):
    """The surest right answers and the surest wrong ones, each with a strip of frames."""
    if frames is None:
        return [], []
    hot, best = predictions.hot > 0, predictions.predicted
    confidence = predictions.scores.max(axis=1)
    right = hot[np.arange(len(best)), best] & (best >= 0)
    order = np.argsort(-confidence, kind="stable")  # NaN last

    def show(positions):
        rows = []
        for position in positions[:count]:
            try:
                strips = [figures.strip(draw(position)) for draw in (frames, heat) if draw is not None]
            except (ValueError, OSError):  # the file has gone since it was scored
                strips = []
            rows.append({"video": predictions.videos[position], "strips": strips,
                         "truth": ", ".join(predictions.labels[i] for i in predictions.truth[position]),
                         "predicted": predictions.labels[best[position]] if best[position] >= 0 else "none",
                         "right": bool(right[position]), "score": float(confidence[position]),
                         "own": max((float(predictions.scores[position, i]) for i in predictions.truth[position]),
                                    default=float("nan"))})
        return rows

    return show([int(i) for i in order if right[i]]), show([int(i) for i in order if not right[i]])
