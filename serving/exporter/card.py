"""The model card: one JSON text that says what an export is, what it takes, and how it was checked."""

import datetime
import importlib.metadata
import json

import numpy as np

MODEL_CARD_FILE = "model_card.json"


def make_card(model, clip, labels, multi_label, precision, extra=None):
    """The card as a dict of JSON values.

    Args:
        model: the Keras model.
        clip: ClipSpec.
        labels: strings.
        multi_label: bool.
        precision: dict, what was done to the weights and what it changed.
        extra: dict of JSON values from the caller, such as metrics; goes in under its own keys.
    """
    return {
        "model": model.name,
        "parameters": int(model.count_params()),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "clip": clip.to_dict(),
        "multi_label": multi_label,
        "labels": list(labels),
        "precision": precision,
        "answers": closeness(precision),
        "frames": "RGB, uint8, in the order of time; frames of the clip's height and width are taken as they are, "
                  "others are resized and cropped as `clip` says",
        "versions": {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
        **(extra or {}),
    }


def closeness(precision):
    """How near an export's answers come to those of `model.predict`, in words.

    >>> closeness({"dtype": "float32", "quantize": None, "folded_norms": 20})
    'scores within 1e-5 of model.predict: batch norms are folded'
    """
    if "change" in precision:
        return "scores near those of model.predict, as `precision` says"
    if precision["folded_norms"]:
        return "scores within 1e-5 of model.predict: batch norms are folded"
    return "bit-equal to model.predict for uint8 clips on the same machine, in the same batch, with as many threads"


def to_json(card):
    """The card's text, two spaces deep."""
    return json.dumps(card, indent=2, ensure_ascii=False) + "\n"


def precision_change(reference, variant, truth=None):
    """What another precision did to the answers, as JSON values.

    Args:
        reference: float32 scores `(clips, classes)` of the model as trained.
        variant: the same of the exported form.
        truth: int labels `(clips,)`, or None.

    >>> precision_change(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([0, 1]))
    {'clips': 2, 'largest_score_change': 0.2, 'same_top1': 0.5, 'top1_before': 1.0, 'top1_after': 0.5}
    """
    before, after = reference.argmax(1), variant.argmax(1)
    change = {"clips": len(reference), "largest_score_change": round(float(np.abs(reference - variant).max()), 6),
              "same_top1": float((before == after).mean())}
    if truth is not None:
        change |= {"top1_before": float((before == truth).mean()), "top1_after": float((after == truth).mean())}
    return change
