"""What the videos that a run is judged on share with those it was trained on, and the figures without them."""

import csv

import numpy as np
from absl import logging

from pipelines.grouping.note import video_names
from pipelines.leaks.looking import alike_rows, look_at_all
from pipelines.leaks.matching import SAME_BACKGROUND, SAME_MOMENTS
from pipelines.records import index
from res3d.atomic import writing
from res3d.evaluation.metrics import summarise
from res3d.terminal.progress import bar

MOST = 2000  # videos of both sides together that are looked at without being asked
COLUMNS = ("first", "second", "kind", "seconds", "offset", "speed", "mirrored")


def find_leaks(training, judged, workers=None, progress=True):
    """Rows of videos judged (`second`) that show what one trained on (`first`) shows; None where nobody looked.

    Args:
        training, judged: `Manifest` objects.
        workers: int or None. Videos decoded at once.
        progress: bool. A bar on a terminal.
    """
    total = len(training) + len(judged)
    if not len(training) or not len(judged):
        return []
    if total > MOST or index.of_manifest(training) or index.of_manifest(judged):
        why = "they are records" if total <= MOST else f"there are over {MOST}"
        logging.info("no look at what videos share with those trained on, as %s: `res3d doctor` looks at videos", why)
        return None
    with bar(total, "looking for leaks", "video", progress) as counted:
        signatures = look_at_all([*training, *judged], workers, counted.update)
    names = [f"trained {name}" for name in video_names(training)] + [f"judged {name}" for name in video_names(judged)]
    rows, left = alike_rows(names, ["trained"] * len(training) + ["judged"] * len(judged), signatures)
    if left:
        logging.warning("%d pairs of videos that may show the same were not looked at", left)
    return [row | {"first": row["first"].removeprefix("trained "), "second": row["second"].removeprefix("judged ")}
            for row in rows]


def save_leaks(path, rows):
    """Writes the rows as a CSV file, whole or not at all."""
    with writing(path, "w", errors="surrogateescape", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def load_leaks(path):
    """The rows of such a file, as text."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def leak_line(rows, count):
    """What rows say of `count` videos, in a line.

    >>> leak_line([{"second": "b", "kind": "same moments"}, {"second": "b", "kind": "same background"}], 5)
    '1 of 5 videos show moments of videos trained on, and 0 more the same background'
    """
    moments, places = _affected(rows)
    if not moments and not places:
        return f"none of {count} videos shows moments or a background of videos trained on"
    return (f"{len(moments)} of {count} videos show moments of videos trained on, and {len(places)} more the same "
            "background")


def leak_figures(rows, names, scores, truth, multi_label):
    """How many videos share what with those trained on, and the figures without them.

    Args:
        rows: as `find_leaks` gives them.
        names: a name a row of scores.
        scores: (videos, classes).
        truth: label ids, or rows of 0 and 1.
        multi_label: bool.

    Returns:
        dict of `same_moments` and `same_background`, counts of videos, and, where there are any, `without_same_moments`
        and `without_both`: figures of the others, or None where no other is left.
    """
    moments, places = _affected(rows)
    found = {"same_moments": sum(name in moments for name in names),
             "same_background": sum(name in places for name in names)}
    for key, affected in (("without_same_moments", moments), ("without_both", moments | places)):
        kept = np.array([name not in affected for name in names])
        if not kept.all():
            figures = summarise(scores[kept], truth[kept], multi_label) if kept.any() else {}
            found[key] = {name: figures[name] for name in ("top1", "mean_class_accuracy", "mean_average_precision")
                          if name in figures} | {"videos": int(kept.sum())}
    return found


def _affected(rows):
    """(videos that share moments, others that share a background)."""
    moments = {row["second"] for row in rows if row["kind"] == SAME_MOMENTS}
    return moments, {row["second"] for row in rows if row["kind"] == SAME_BACKGROUND} - moments
