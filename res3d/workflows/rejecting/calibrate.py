"""A temperature and a threshold for a run, out of what it says of videos held out, and of background."""

import dataclasses

import numpy as np

from pipelines.grouping.groups import groups_of
from res3d.evaluation.rejection import (
    KEEP,
    Rejection,
    cooled_scores,
    fit_sigmoid_temperature,
    fit_temperature,
    logits_of,
)
from res3d.evaluation.views import average_views
from res3d.weights.store.digests import digest_of
from res3d.workflows.rejecting.applying import cool
from res3d.workflows.rejecting.background import background_windows
from res3d.workflows.rejecting.judging import Judged, digest_of_names, figures, said_of, threshold_for


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


def figures_of(scored, facts, rejection, wanted, background, folder, network, pattern=None):
    """(`Scored`, {"rejection": ...} or {}): as it was, or where it is `wanted` at the temperature chosen on it.

    Args:
        scored: `Scored`.
        facts: as of `res3d.workflows.judging.videos.known`.
        rejection: `Rejection` or None. What the network keeps to so far.
        wanted: `Wanted` or None.
        background: as `background_windows` takes it, or None.
        folder: `WorkFolder`.
        network: (model, clip, labels, multi_label, average over views).
        pattern: as `groups_of` takes it.

    Raises:
        ValueError: where videos were trained on, if it is `wanted`.
    """
    model, clip, labels, multi_label, average = network
    if wanted is None and rejection is None:
        return scored, {}
    if wanted is not None:
        if facts.get("trained_on"):
            raise ValueError(f"`--calibrate` needs videos that the run was not trained on. Received "
                             f"{len(scored.positions)}, of which {facts['trained_on']} were. Leave --data out, or name "
                             "others.")
        scored, temperature = calibrated(scored, average, model, rejection, multi_label)
    found = None if background is None else background_windows(model, clip, labels, background, multi_label)
    names = groups_of(scored.manifest, pattern).names
    judged = Judged.of(scored.predictions, [names[position] for position in scored.positions], multi_label)
    if wanted is not None:
        rejection = choose(wanted, judged, temperature, found, folder)
    return scored, {"rejection": figures(rejection, judged, found)}


def calibrated(scored, average, model, former, multi_label=False):
    """(`Scored` at the temperature that fits it, that temperature); `model` gives its logits so from here on.

    Args:
        scored: `Scored`.
        average: str. How the protocol takes the mean of views.
        model: the network of it, whose last layer is changed.
        former: `Rejection` or None. The one that `model` keeps to so far.
        multi_label: bool. Sigmoids in the place of a softmax.
    """
    predictions = scored.predictions
    known = predictions.predicted >= 0
    so_far = 1.0 if former is None else former.temperature
    fit, truth = (fit_sigmoid_temperature, predictions.hot) if multi_label else (fit_temperature, predictions.single)
    relative = fit(logits_of(predictions.scores[known], multi_label), truth[known], so_far)
    cool(model, relative)
    rows = [average_views(logits_of(views, multi_label) / relative, average, multi_label)
            for views in scored.clip_scores]
    scores = np.where(known[:, None], np.stack(rows), predictions.scores)
    views = [cooled_scores(views, relative, multi_label).astype("float32") for views in scored.clip_scores]
    return (dataclasses.replace(scored, predictions=dataclasses.replace(predictions, scores=scores), clip_scores=views),
            relative * so_far)


def choose(wanted, judged, temperature, background, folder):
    """The `Rejection` of a run, written into its folder.

    Args:
        wanted: `Wanted`.
        judged: `Judged` at that temperature.
        temperature: float.
        background: `Background` or None.
        folder: `WorkFolder`.
    """
    chosen = said_of(KEEP if wanted.keep is None else wanted.keep, wanted.alarms)
    on = judged.videos if wanted.alarms is None else background.seconds
    threshold = threshold_for(chosen, judged, background)
    found = Rejection(temperature, threshold, chosen, len(judged.videos), digest_of(folder.model_file),
                      digest_of_names(on))
    found.save(folder.rejection_file)
    return found
