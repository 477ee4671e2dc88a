"""What the model itself gives for some clips: it tells what its numbers are, and what is served must be that."""

import numpy as np
import tensorflow as tf

from res3d import ending
from serving.exporter.network import scaled
from serving.verify import compare
from serving.verify.known_answers import BATCHES, moving_patterns


class Reference:
    """A model's own answers, none of which goes through what an export makes of it.

    Args:
        model: Keras model.
        clip: ClipSpec.
        activation: "logits", "softmax" or "sigmoid" if somebody says what its numbers are, or None.

    `activation` is what they are found to be.

    Raises:
        ValueError: where that is not clear.
    """

    def __init__(self, model, clip, activation=None):
        known = moving_patterns(max(BATCHES), clip)  # those of the verification
        clips = np.concatenate([known, ending.probes(clip)])
        rows = [tf.cast(model(scaled(model, clip, tf.constant(part)), training=False), tf.float32).numpy()
                for part in (clips[:len(known)], clips[len(known):])]
        self.answers = rows[0]
        self.activation = ending.judge(model, np.concatenate(rows), activation)
        self._name = model.name

    def multi_label(self, wanted=None):
        """Whether scores are independent: as the model's are; for one that gives logits, as wanted.

        Raises:
            ValueError: if a model that gives scores is wanted to give others.
        """
        given = {"softmax": False, "sigmoid": True}.get(self.activation)
        if given is None or wanted in (None, given):
            return bool(wanted if given is None else given)
        raise ValueError("The scores that are served must be those of the model. Received: "
                         f"'{self._name}', which gives {'sigmoids' if given else 'a softmax'}, and "
                         f"multi_label={wanted}. Leave multi_label out.")

    def compare(self, known, precision):
        """Raises `VerificationError` where `KnownAnswers` has other scores, or logits, than the model itself gives."""
        if precision.change is not None:  # by so much, and it has been said
            return
        given, allowed = known.for_serving_default()[1], compare.TOLERANCE
        name = "logits" if self.activation == ending.LOGITS else "scores"
        if name == "logits":
            allowed *= compare.UNBOUNDED * max(1.0, float(np.abs(self.answers).max()))
        difference = float(np.abs(given[name] - self.answers).max())
        if not difference <= allowed:
            raise compare.VerificationError(
                f"The {name} that are served must be what the model gives. Those of '{self._name}' would differ from "
                f"model.predict by {difference:.3g}, and {allowed:.3g} is allowed. Nothing was written. Pass "
                "activation='logits', 'softmax' or 'sigmoid', whichever it gives.")
