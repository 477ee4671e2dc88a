"""The model card: one JSON text that says what an export is, what it takes, and how it was checked."""

import datetime
import importlib.metadata
import json

MODEL_CARD_FILE = "model_card.json"


def make_card(model, clip, labels, multi_label, precision):
    """What an export is and takes, as a dict of JSON values; how it was checked comes to it later.

    Args:
        model: the Keras model.
        clip: ClipSpec.
        labels: strings.
        multi_label: bool.
        precision: precision.Precision.
    """
    return {
        "model": model.name,
        "parameters": int(model.count_params()),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "clip": clip.to_dict(),
        "multi_label": multi_label,
        "labels": list(labels),
        "precision": precision.to_dict(),
        "answers": precision.closeness(),
        "frames": "RGB, uint8, in the order of time; frames of the clip's height and width are taken as they are, "
                  "others are resized and cropped as `clip` says",
        "versions": {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
    }


def to_json(card):
    """The card's text, two spaces deep."""
    return json.dumps(card, indent=2, ensure_ascii=False) + "\n"
