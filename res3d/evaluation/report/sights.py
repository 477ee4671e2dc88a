"""Charts of a page: how training went, how sure and how right the answers are, and what the videos are like."""

import collections

import numpy as np

from res3d.evaluation.metrics import are_numbers
from res3d.looks.charts import histogram, line_chart, reliability

CURVES = (("Loss", ("loss", "val_loss")), ("Accuracy", ("accuracy", "val_accuracy")),
          ("Average precision", ("mean_average_precision", "val_mean_average_precision")),
          ("Average precision of spans", ("val_map",)),
          ("Learning rate", ("learning_rate",)))
BINS, MOST_RATES, MOST_GROUPS = 10, 8, 12


def training_charts(runs):
    """Charts of the histories of runs: {name: rows}; what is told of held-out videos is drawn solid.

    >>> len(training_charts({"this run": [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]}))
    1
    """
    charts = []
    for title, columns in CURVES:
        series = []
        for color, (run, rows) in enumerate(runs.items()):
            for column in columns:
                alone = len(runs) == 1
                series.append((column if alone else f"{run}: {column}", color if not alone else columns.index(column),
                               not column.startswith("val_") and len(columns) > 1,
                               [(row["epoch"], row[column]) for row in rows if column in row]))
        charts.append(line_chart(title, series))
    return [chart for chart in charts if chart]


def reliability_chart(probabilities, labels):
    """Accuracy over confidence of the rows that hold numbers; None of none."""
    numbers = are_numbers(probabilities)
    probabilities, labels = probabilities[numbers], np.asarray(labels)[numbers]
    if not len(labels):
        return None
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.clip((probabilities.max(axis=1) * BINS).astype(int), 0, BINS - 1)
    return reliability("How right it is when it is so sure", [
        (i / BINS, (i + 1) / BINS, float(right[bin_of == i].mean()), int((bin_of == i).sum()))
        for i in np.unique(bin_of).tolist()])


def data_sights(facts, right):
    """What the videos are like.

    Args:
        facts: {"seconds", "rates", "groups"} with a value a video each; any may be absent.
        right: (videos,) bool, or None with several labels.

    Returns:
        dict: `lengths`, a chart; `rates` [(frames a second, videos)]; `groups`, how many; `lowest` [(group, videos,
        share that is right)] of the groups that do worst.
    """
    seconds = [value for value in facts.get("seconds", ()) if np.isfinite(value)]
    rates = collections.Counter(f"{rate:.4g}" for rate in facts.get("rates", ()))
    groups = facts.get("groups", ())
    found = collections.defaultdict(list)
    for name, is_right in zip(groups, [] if right is None else right):
        found[name].append(bool(is_right))
    rows = [(name, len(values), sum(values) / len(values)) for name, values in found.items()]
    rows = sorted(rows, key=lambda row: (row[2], -row[1]))[:MOST_GROUPS] if 1 < len(rows) < len(groups) else []
    return {"lengths": histogram("Length of the videos", seconds, "s"), "rates": rates.most_common(MOST_RATES),
            "groups": len(set(groups)), "lowest": rows}
