"""A temperature and a threshold for a run, out of what it says of videos held out, and of background."""

import dataclasses

import numpy as np

from res3d.evaluation.rejection import (
    KEEP,
    NONE,
    Rejection,
    cooled_scores,
    count_alarms,
    fit_temperature,
    logits_of,
    threshold_keeping,
    threshold_of_alarms,
)
from res3d.evaluation.views import average_views
from res3d.weights.store.digests import digest_of
from res3d.workflows.rejecting.applying import cool
from res3d.workflows.rejecting.background import background_windows


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a threshold is chosen for: a share of right answers to keep, or false alarms an hour of background.

    Raises:
        ValueError: for both at once, or alarms without a number of 0 or more.
    """

    keep: float | None = None
    alarms: float | None = None

    def __post_init__(self):
        if self.keep is not None and self.alarms is not None:
            raise ValueError("A threshold is chosen by `--keep` or by `--alarms`. Received: "
                             f"--keep={self.keep:g} --alarms={self.alarms:g}. Leave one out.")
        if self.keep is not None and not 0 < self.keep <= 1:
            raise ValueError(f"`--keep` must be a share, above 0 and at most 1. Received: {self.keep:g}.")
        if self.alarms is not None and not self.alarms >= 0:
            raise ValueError(f"`--alarms` must be 0 or more an hour. Received: {self.alarms:g}.")


def check(wanted, background, folder, of_run):
    """Raises ValueError for what cannot be chosen or counted, before any video is read."""
    if wanted is not None and not of_run:
        raise ValueError("`--calibrate` keeps what it chooses with a run. Received it with --model. Name the run as "
                         "--workdir alone.")
    if wanted is not None and wanted.alarms is not None and background is None:
        raise ValueError(f"`--alarms` are counted where nothing is to be found: --background. Received: "
                         f"--alarms={wanted.alarms:g} without it.")
    if wanted is None and background is not None and not (of_run and folder.rejection_file.is_file()):
        raise ValueError("`--background` counts answers that reach a threshold. Received it for a network that has "
                         "none. Add --calibrate, which chooses one.")


def figures_of(scored, facts, rejection, wanted, background, folder, network):
    """(`Scored`, {"rejection": ...} or {}): as it was, or where it is `wanted` at the temperature chosen on it.

    Args:
        scored: `Scored`.
        facts: as of `res3d.workflows.judging.videos.known`.
        rejection: `Rejection` or None. What the network keeps to so far.
        wanted: `Wanted` or None.
        background: as `background_windows` takes it, or None.
        folder: `WorkFolder`.
        network: (model, clip, labels, multi_label, average over views).

    Raises:
        ValueError: for several labels a video, or where videos were trained on, if it is `wanted`.
    """
    model, clip, labels, multi_label, average = network
    if wanted is None and rejection is None:
        return scored, {}
    if wanted is None:
        return scored, figures(rejection, scored.predictions, background_of(model, clip, labels, background))
    if multi_label:
        raise ValueError("`--calibrate` is for one label a video. Received a run with several, each of which has its "
                         "own score.")
    if facts.get("trained_on"):
        raise ValueError(f"`--calibrate` needs videos that the run was not trained on. Received {len(scored.positions)}"
                         f", of which {facts['trained_on']} were. Leave --data out, or name others.")
    scored, temperature = calibrated(scored, average, model, rejection)
    found = background_of(model, clip, labels, background)
    return scored, figures(choose(wanted, scored, temperature, found, folder), scored.predictions, found)


def calibrated(scored, average, model, former):
    """(`Scored` at the temperature that fits it, that temperature); `model` gives its logits so from here on.

    Args:
        scored: `Scored` of videos with one label each.
        average: str. How the protocol takes the mean of views.
        model: the network of it, whose last layer is changed.
        former: `Rejection` or None. The one that `model` keeps to so far.
    """
    predictions = scored.predictions
    known = predictions.predicted >= 0
    so_far = 1.0 if former is None else former.temperature
    relative = fit_temperature(logits_of(predictions.scores[known]), predictions.single[known], so_far)
    cool(model, relative)
    rows = [average_views(logits_of(views) / relative, average) for views in scored.clip_scores]
    scores = np.where(known[:, None], np.stack(rows), predictions.scores)
    views = [cooled_scores(views, relative).astype("float32") for views in scored.clip_scores]
    return (dataclasses.replace(scored, predictions=dataclasses.replace(predictions, scores=scores), clip_scores=views),
            relative * so_far)


def choose(wanted, scored, temperature, background, folder):
    """The `Rejection` of a run, written into its folder.

    Args:
        wanted: `Wanted`.
        scored: `Scored` at that temperature.
        temperature: float.
        background: (windows, seconds, ...) as `background_windows` gives them, or None.
        folder: `WorkFolder`.
    """
    best, right, named = _best(scored.predictions)
    if wanted.alarms is not None:
        threshold, chosen = threshold_of_alarms(*background[:2], wanted.alarms), f"alarms={wanted.alarms:g}"
    else:
        share = KEEP if wanted.keep is None else wanted.keep
        threshold, chosen = threshold_keeping(best, right & named, share), f"keep={share:g}"
    found = Rejection(temperature, threshold, chosen, len(best), digest_of(folder.model_file))
    found.save(folder.rejection_file)
    return found


def figures(rejection, predictions, background=None):
    """{"rejection": ...} for metrics.json.

    Returns:
        dict: `temperature`, `threshold`, `chosen`; `answered`, the share of videos that are; `right_of_answered`;
        `right_kept`, the share of right answers that are; with background `alarms_per_hour` and `background_hours`.
    """
    best, right, named = _best(predictions)
    answered, right = (best >= rejection.threshold) & named, right & named
    found = {"temperature": rejection.temperature, "threshold": rejection.threshold, "chosen": rejection.chosen,
             "answered": float(answered.mean()),
             "right_of_answered": float(right[answered].mean()) if answered.any() else None,
             "right_kept": float(answered[right].mean()) if right.any() else None}
    if background is not None:
        windows, seconds, skipped = background
        hours = seconds / 3600
        found |= {"alarms_per_hour": count_alarms(windows, rejection.threshold) / hours, "background_hours": hours,
                  "background_skipped": [list(row) for row in skipped]}
    return {"rejection": found}


def told(found):
    """The figures in a line for a terminal."""
    text = (f"none of these below {found['threshold']:.3f} ({found['chosen']}, temperature "
            f"{found['temperature']:.2f}): {100 * found['answered']:.1f} % of the videos are answered")
    if found["right_of_answered"] is not None:
        text += f", {100 * found['right_of_answered']:.1f} % of them rightly"
    if "alarms_per_hour" in found:
        text += (f"; {found['alarms_per_hour']:.1f} false alarms an hour in {60 * found['background_hours']:.1f} "
                 "minutes of background")
    return text


def background_of(model, clip, labels, data):
    """As `background_windows`; None where no background was named."""
    return None if data is None else background_windows(model, clip, labels, data)


def _best(predictions):
    """(score of the best label, whether it is the truth, whether it is one of something), where there are scores."""
    known, answers = predictions.predicted >= 0, predictions.predicted
    nothing = predictions.labels.index(NONE) if NONE in predictions.labels else -1
    return predictions.scores[known].max(axis=1), (answers == predictions.single)[known], (answers != nothing)[known]
