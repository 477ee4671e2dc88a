"""Which videos a page shows: the surest right and wrong answers, and those whose own label scores lowest."""

import numpy as np

from res3d.evaluation.metrics import best
from res3d.looks.pictures import film

TOP = 3
KINDS = (("mistakes", "Surest wrong answers", "Sure, and wrong: look for wrong labels and for what misleads it."),
         ("worst", "Furthest from the truth", "The own label has the lowest score of all videos."),
         ("best", "Surest right answers", "What it knows; check that it looks at the action."))


def clip_groups(predictions, frames, heat=None, count=6, progress=None):
    """Cards of videos by kind, none shown twice.

    Args:
        predictions: `Predictions`.
        frames: function of a video's position -> (n, height, width, 3) uint8.
        heat: the same with a heat map drawn on, or None.
        count: int. Cards a kind.
        progress: None, or a function of the number of cards that returns a function to call after each.

    Returns:
        list of (heading, sentence, cards).
    """
    right, confidence, own = _judged(predictions)
    sure, low = np.argsort(-confidence, kind="stable"), np.argsort(own, kind="stable")  # NaN last
    numbers = np.isfinite(confidence)
    wrong = [int(i) for i in sure if not right[i]][:count]
    orders = {"mistakes": wrong, "best": [int(i) for i in sure if right[i]][:count],
              "worst": [int(i) for i in low if not right[i] and numbers[i] and int(i) not in wrong][:count]}
    done = progress(sum(map(len, orders.values()))) if progress is not None else lambda: None
    found = []
    for kind, heading, words in KINDS:
        cards = []
        for i in orders[kind]:
            cards.append(_card(predictions, i, frames, heat, right[i]))
            done()
        found += [(heading, words, cards)] if cards else []
    return found


def _judged(predictions):
    """Per video: whether the answer is right, its score, and the best score of an own label."""
    hot, answer = predictions.hot > 0, predictions.predicted
    right = hot[np.arange(len(answer)), answer] & (answer >= 0)
    confidence = np.where(answer >= 0, predictions.scores.max(axis=1), np.nan)
    own = np.where(hot, predictions.scores, -np.inf).max(axis=1, initial=-np.inf)
    return right, confidence, np.where(np.isfinite(own), own, np.nan)


def _card(predictions, position, frames, heat, right):
    try:
        films = [film(draw(position)) for draw in (frames, heat) if draw is not None]
    except (ValueError, OSError):  # the file has gone since it was scored
        films = []
    answer, truth, scores = predictions.predicted[position], predictions.truth[position], predictions.scores[position]
    rows = best(scores, predictions.labels, TOP) if answer >= 0 else []
    named = [row["label"] for row in rows]
    names = [predictions.labels[i] for i in truth]
    rows += [{"label": name, "score": float(scores[i])} for i, name in zip(truth, names)
             if rows and name not in named]
    return {"video": predictions.videos[position], "films": films, "right": bool(right), "truth": ", ".join(names),
            "answer": predictions.labels[answer] if answer >= 0 else "none",
            "scores": [row | {"own": row["label"] in names} for row in rows]}
