"""The answer in words: how good, why to believe it, and what to do next, each by one rule of a list."""

from res3d.evaluation.rejection_words import answered_words, caution
from res3d.evaluation.report.classes import weakest
from res3d.evaluation.worth import CHANGES, figure_of, worth_rows
from res3d.looks.rendering import count, percent

WIDE, APART, RISING, LOOSE, MANY_SKIPPED, FEW, FAILS = 0.2, 0.2, 0.9, 0.1, 0.05, 20, 0.9


def headline(metrics):
    """The figure in a sentence.

    >>> headline({"top1": 0.62, "videos": 50})
    '62.0 % of 50 videos are recognised correctly'
    >>> headline({"videos": 2})
    '2 videos were shown to the network'
    """
    figure = figure_of(metrics)
    videos = count(metrics["videos"], "video")
    if figure is None:
        return f"{videos} were shown to the network"
    if figure == "top1":
        return f"{percent(metrics['top1'])} of {videos} are recognised correctly"
    return f"Mean average precision of {percent(metrics[figure])} over {videos}"


def against(metrics):
    """(points above the best that needs no network, its words), or None where nothing was compared."""
    rows = worth_rows(metrics)
    words = {row[0]: row[1] for row in rows[1:] if row[0] not in (CHANGES["shuffled"], CHANGES["reversed"])}
    if not words:
        return None
    name = max(words, key=words.get)
    return rows[0][1] - words[name], name


def lowest(row):
    """What the headline says of the class with the lowest figure.

    >>> lowest({"label": "fall", "value": 0.4}), lowest({"label": "fall", "value": 0.95})
    ('“fall” fails most', '“fall” is its weakest class')
    """
    return f"“{row['label']}” " + ("fails most" if row["value"] < FAILS else "is its weakest class")


def trust(metrics):
    """(state, sentence) of what the figure stands on.

    The state is "good", "warn", "" where nobody has looked, or "note" for what is neither.
    """
    rows = [_trained(metrics), _leaks(metrics), _baseline(metrics), _interval(metrics)]
    skipped = metrics.get("skipped", 0)
    if skipped:
        rows.append(("warn" if _many(metrics) else "note", f"{count(skipped, 'video')} could not be read and "
                     f"{'counts' if skipped == 1 else 'count'} for nothing"))
    if metrics.get("padded"):
        one = metrics["padded"] == 1
        rows.append(("note", f"{count(metrics['padded'], 'video')} {'was' if one else 'were'} too short, and had "
                     "frames repeated"))
    if metrics.get("rejection"):
        rows.append(("note", _rejection(metrics["rejection"])))
    return [row for row in rows if row]


def _rejection(found):
    alarms = "" if "alarms_per_hour" not in found else (
        f"; {found['alarms_per_hour']:.1f} false alarms an hour of background")
    return (f"Below a score of {found['threshold']:.2f} it answers “none of these”, which no other figure counts: "
            + ". ".join([f"{answered_words(found)}{alarms}", *caution(found)]))


def verdict(rows):
    """(state, sentence) of all that `trust` found.

    >>> verdict([("good", ""), ("good", "")]), verdict([("good", ""), ("warn", "")]), verdict([("good", ""), ("", "")])
    (('good', 'Both checks hold'), ('warn', '1 of 2 checks speaks against it'), ('', '1 check holds, 1 was not made'))
    >>> verdict([("", ""), ("note", "")])
    ('', 'Nobody has checked it')
    """
    states = [state for state, _ in rows if state != "note"]
    good, warn, unknown = (states.count(state) for state in ("good", "warn", ""))
    if warn:
        return "warn", f"{warn} of {count(len(states), 'check')} {'speaks' if warn == 1 else 'speak'} against it"
    if not good:
        return "", "Nobody has checked it"
    if unknown:
        return "", (f"{count(good, 'check')} {'holds' if good == 1 else 'hold'}, {unknown} "
                    f"{'was' if unknown == 1 else 'were'} not made")
    return "good", {1: "The one check holds", 2: "Both checks hold"}.get(good, f"All {good} checks hold")


def _many(metrics):
    """Whether so many videos could not be read that the figure may be another."""
    skipped = metrics.get("skipped", 0)
    return skipped > MANY_SKIPPED * (metrics["videos"] + skipped)


def _interval(metrics):
    figure = figure_of(metrics.get("intervals", {}))
    if figure is not None:
        low, high = metrics["intervals"][figure]
        return ("warn" if high - low > WIDE else "good",
                f"{percent(low)} to {percent(high)} if other groups were filmed (95 %, {metrics['groups']} groups)")
    if metrics.get("groups") == 1:
        return "warn", "No interval: all videos are of one group"
    return None


def _trained(metrics):
    if "trained_on" not in metrics:
        return "", "Whether a video was trained on is not known"
    if metrics["trained_on"]:
        return "warn", f"{metrics['trained_on']} of the videos were trained on"
    if metrics.get("of_trained_groups"):
        return "warn", f"{metrics['of_trained_groups']} of the videos are of groups that were trained on"
    return "good", "None of these videos, and no other of their groups, was trained on"


def _leaks(metrics):
    if "leaks" not in metrics:
        return "", "Nobody looked for moments of the videos trained on"
    leaks = metrics["leaks"]
    if leaks.get("same_moments"):
        return "warn", f"{leaks['same_moments']} of the videos show moments of videos trained on"
    if leaks.get("same_background"):
        return "warn", f"{leaks['same_background']} of the videos show a background that was trained on"
    return "good", "None shows moments, or a background, of the videos trained on"


def _baseline(metrics):
    found = against(metrics)
    if found is None:
        return "", "It was compared with nothing that needs no network"
    points, words = found
    figure = figure_of(metrics)
    low, _ = metrics.get("intervals", {}).get(figure, (metrics[figure], 0))
    if points <= 0:
        return "warn", f"“{words}” does {_as_well(points)} without a network"
    if metrics[figure] - points > low:
        return "warn", f"Only {100 * points:.1f} points above “{words}”, which lies in its interval: this may be luck"
    return "good", f"{100 * points:.1f} points above “{words}”"


def _as_well(points):
    return f"{-100 * points:.1f} points better" if points < 0 else "as well"


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
                      "points off on average: label smoothing helps, or a temperature: `res3d evaluate "
                      "--calibrate`."))
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
        yield ("Find out why no network is needed", f"“{found[1]}” does {_as_well(found[0])}: backgrounds may "
               "give the classes away, or it has not learned yet.")
    if _many(metrics):
        yield ("Repair the videos that cannot be read", f"{metrics['skipped']} of "
               f"{metrics['videos'] + metrics['skipped']} were left out; `res3d doctor` says why.")
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
