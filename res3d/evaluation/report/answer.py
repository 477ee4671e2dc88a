"""The answer in words: how good, why to believe it, and what to do next, each by one rule of a list."""

from res3d.evaluation.report.classes import weakest
from res3d.evaluation.worth import CHANGES, figure_of, worth_rows
from res3d.looks.rendering import count, percent

WIDE, APART, RISING, LOOSE, MANY_SKIPPED, FEW = 0.2, 0.2, 0.9, 0.1, 0.05, 20


def headline(metrics):
    """The figure in a sentence.

    >>> headline({"top1": 0.62, "videos": 50})
    '62.0 % of 50 videos are named rightly'
    >>> headline({"videos": 2})
    '2 videos were shown to the network'
    """
    figure = figure_of(metrics)
    videos = count(metrics["videos"], "video")
    if figure is None:
        return f"{videos} were shown to the network"
    if figure == "top1":
        return f"{percent(metrics['top1'])} of {videos} are named rightly"
    return f"Mean average precision of {percent(metrics[figure])} over {videos}"


def against(metrics):
    """(points above the best that needs no network, its words), or None where nothing was compared."""
    rows = worth_rows(metrics)
    words = {row[0]: row[1] for row in rows[1:] if row[0] not in (CHANGES["shuffled"], CHANGES["reversed"])}
    if not words:
        return None
    name = max(words, key=words.get)
    return rows[0][1] - words[name], name


def trust(metrics):
    """(state, sentence) of what the figure stands on; the state is "good", "warn" or "" where nobody knows."""
    rows = [_interval(metrics), _trained(metrics), _leaks(metrics), _baseline(metrics)]
    if metrics.get("skipped"):
        rows.append(("warn", f"{count(metrics['skipped'], 'video')} could not be read and count for nothing"))
    if metrics.get("padded"):
        rows.append(("", f"{count(metrics['padded'], 'video')} were too short, and had frames repeated"))
    return [row for row in rows if row]


def _interval(metrics):
    figure = figure_of(metrics.get("intervals", {}))
    if figure is not None:
        low, high = metrics["intervals"][figure]
        told = f", told by {metrics['groups_told_by']}" if metrics.get("groups_told_by") else ""
        return ("warn" if high - low > WIDE else "good",
                f"{percent(low)} to {percent(high)} if other groups were filmed (95 %, {metrics['groups']} groups"
                f"{told})")
    if metrics.get("groups") == 1:
        return "warn", "no interval: all videos are of one group"
    return None


def _trained(metrics):
    if "trained_on" not in metrics:
        return "", "whether a video was trained on is not known"
    if metrics["trained_on"]:
        return "warn", f"{metrics['trained_on']} of the videos were trained on"
    if metrics.get("of_trained_groups"):
        return "warn", f"{metrics['of_trained_groups']} of the videos are of groups that were trained on"
    return "good", "no video, and no group, was trained on"


def _leaks(metrics):
    if "leaks" not in metrics:
        return "", "nobody looked for pieces of videos trained on"
    leaks = metrics["leaks"]
    if leaks.get("same_moments"):
        return "warn", f"{leaks['same_moments']} of the videos show moments of videos trained on"
    if leaks.get("same_background"):
        return "warn", f"{leaks['same_background']} of the videos show a background that was trained on"
    return "good", "no video shows moments or a background of those trained on"


def _baseline(metrics):
    found = against(metrics)
    if found is None:
        return "", "it was compared with nothing that needs no network"
    points, words = found
    if points <= 0:
        return "warn", f"“{words}” does as well without it"
    return "good", f"{100 * points:.1f} points above “{words}”"


def next_steps(metrics, rows, history=()):
    """What to do, the most pressing first: list of (what, why).

    Args:
        metrics: as in metrics.json.
        rows: as `class_rows` gives them.
        history: rows of history.csv.
    """
    found = [*_of_data(metrics), *_of_training(metrics, list(history)), *_of_classes(rows)]
    if metrics.get("calibration_error", 0) > LOOSE:
        found.append(("Do not read its scores as probabilities", f"They are {100 * metrics['calibration_error']:.0f} "
                      "points off on average: label smoothing, or a threshold chosen on held-out videos, helps."))
    return found or [("Try it on videos of other places", "Nothing here asks for a change: no class fails, and the "
                      "figure stands on videos that were not trained on.")]


def _of_data(metrics):
    leaks = metrics.get("leaks", {})
    if metrics.get("trained_on"):
        yield ("Evaluate on videos that it has not seen", f"{metrics['trained_on']} of these were trained on, so the "
               "figure says little about new ones.")
    if leaks.get("same_moments"):
        rest = leaks.get("without_same_moments", {})
        name = figure_of(rest)
        without = f" Without them it is {percent(rest[name])}." if name else ""
        yield ("Take out what leaks", f"{count(leaks['same_moments'], 'video')} show moments of videos trained on."
               f"{without} `res3d doctor` shows the pairs.")
    found = against(metrics)
    if found is not None and found[0] <= 0:
        yield ("Find out why no network is needed", f"“{found[1]}” does as well: backgrounds may give the classes "
               "away, or it has not learned yet.")
    skipped = metrics.get("skipped", 0)
    if skipped > MANY_SKIPPED * (metrics["videos"] + skipped):
        yield ("Repair the videos that cannot be read", f"{skipped} of {metrics['videos'] + skipped} were left out; "
               "`res3d doctor` says why.")
    low, high = metrics.get("intervals", {}).get("top1", (0, 0))
    if high - low > WIDE:
        yield ("Evaluate on more groups", f"With {metrics['groups']} the figure may lie anywhere from {percent(low)} "
               f"to {percent(high)}; more videos of the same people do not help.")


def _of_training(metrics, history):
    last = history[-1] if history else {}
    gap = last.get("accuracy", 0) - last.get("val_accuracy", last.get("accuracy", 0))
    if gap > APART:
        yield ("Give it more variety", f"It is right on {percent(last['accuracy'])} of what it trains on and "
               f"{percent(last['val_accuracy'])} of the rest: more videos, more augmentation or a smaller network.")
    losses = [row["val_loss"] for row in history if "val_loss" in row]
    if len(losses) >= 4 and losses[-1] == min(losses) and losses[-1] < RISING * losses[len(losses) * 3 // 4 - 1]:
        yield ("Train longer", "The loss on the held-out videos was still falling when it stopped.")


def _of_classes(rows):
    low = weakest(rows)
    failing = [row for row in low if row["value"] < 1]
    if len(low) < 2 or not failing:
        return
    row = failing[0]
    if row["taken_for"]:
        yield (f"Look at “{row['label']}” beside “{row['taken_for']}”", f"It is right on {row['right']} of "
               f"{row['videos']} and takes {row['times']} for the other: the labels may disagree, or the clip may be "
               "too short to tell them apart.")
    else:
        yield f"Look at “{row['label']}”", f"Its figure is the lowest, {percent(row['value'])}."
    if row["videos"] < FEW:
        yield (f"Collect more of “{row['label']}”", f"{count(row['videos'], 'video')} are few to judge a class by, and "
               "to learn it from.")
