"""In which precision an export computes and is stored, and what that, and folded batch norms, change in the answers."""

import dataclasses
import functools

import numpy as np
import tensorflow as tf
from absl import logging

from serving.exporter.network import Network
from serving.verify import compare
from serving.verify.known_answers import moving_patterns

_AT_ONCE = 4  # clips in one run


@dataclasses.dataclass(frozen=True)
class Precision:
    """What was done to the weights and what it changed: a part of the model card.

    Args:
        dtype: str. What the layers compute in.
        quantize: "int8" or None. How convolution kernels are saved.
        folded_norms: int. Batch norms folded into convolutions.
        folding_change: float or None. The largest change that the folding makes, where it was measured and kept.
        change: dict or None. What another precision than the trained one changes, as `change_of_scores` gives it.
    """

    dtype: str = "float32"
    quantize: str | None = None
    folded_norms: int = 0
    folding_change: float | None = None
    change: dict | None = None

    def to_dict(self):
        """As the card has it: what was not measured is left out.

        >>> Precision(folded_norms=20).to_dict()
        {'dtype': 'float32', 'quantize': None, 'folded_norms': 20}
        """
        measured = {"folding_change": self.folding_change, "change": self.change}
        return {"dtype": self.dtype, "quantize": self.quantize, "folded_norms": self.folded_norms,
                **{name: value for name, value in measured.items() if value is not None}}

    def closeness(self):
        """How near an export's answers come to those of `model.predict`, in words.

        >>> Precision(folded_norms=20).closeness()
        'scores within 1e-5 of model.predict: batch norms are folded'
        """
        if self.change is not None:
            return "scores near those of model.predict, as `precision` says"
        if self.folded_norms:
            return "scores within 1e-5 of model.predict: batch norms are folded"
        return "bit-equal to model.predict for uint8 clips on the same machine, in the same batch, with as many threads"


def prepare(model, clip, *, activation=None, fold=True, dtype="float32", quantize=None, multi_label=False,
            samples=None):
    """The network in the wanted precision, with the norms folded only where that changes nothing.

    Args:
        model: Keras model.
        clip: ClipSpec.
        activation, fold, dtype, quantize: as `Network`'s.
        multi_label: bool. Scores by sigmoid.
        samples: uint8 clips, (clips, int labels), or None for two made-up clips: what changes are measured on.

    Returns:
        `(Network, Precision)`.

    Raises:
        ValueError: as `Network`.
    """
    clips, truth = samples if isinstance(samples, tuple) else (samples, None)
    if clips is None:
        clips, truth = moving_patterns(2, clip, seed=1), None
    answers = functools.partial(_answers, clips=clips, multi_label=multi_label)
    network = Network(model, clip, fold, dtype, quantize, activation)
    precision = Precision(dtype, quantize, len(network.folding))
    if dtype == "float32" and quantize is None and precision.folded_norms:
        plain = Network(model, clip, fold=False, activation=activation)
        change = _folding_change(answers(plain), answers(network))
        if change <= compare.TOLERANCE:
            precision = dataclasses.replace(precision, folding_change=change)
        else:
            logging.warning("Batch norms stay unfolded: folding would change the answers by %.3g.", change)
            network, precision = plain, dataclasses.replace(precision, folded_norms=0)
    if network.model is not model or quantize is not None:  # it no longer computes as it was trained
        trained = Network(model, clip, fold=False, dtype=None, activation=activation)
        change = change_of_scores(answers(trained)[0], answers(network)[0], truth)
        precision = dataclasses.replace(precision, change=change)
        logging.info("%s: %s", " ".join(filter(None, [dtype, quantize])), change)
    return network, precision


def eager(function):
    """NumPy in and out, one operation after another, as Keras computes it."""
    return lambda clips: function(tf.constant(clips)).numpy()


def _answers(network, clips, multi_label):
    """(scores, logits) of all clips, a few at once."""
    run = eager(network)
    logits = np.concatenate([run(clips[i:i + _AT_ONCE]) for i in range(0, len(clips), _AT_ONCE)])
    return 1 / (1 + np.exp(-logits)) if multi_label else tf.nn.softmax(logits).numpy(), logits


def _folding_change(plain, folded):
    """The largest change of a score, or of a logit relative to the largest of them."""
    (reference, reference_logits), (scores, logits) = plain, folded
    return float(max(np.abs(scores - reference).max(),
                     np.abs(logits - reference_logits).max() / max(1, np.abs(reference_logits).max())))


def change_of_scores(reference, variant, truth=None):
    """What another precision did to the answers, as JSON values.

    Args:
        reference: float32 scores `(clips, classes)` of the model as trained.
        variant: the same of the exported form.
        truth: int labels `(clips,)`, or None.

    >>> change_of_scores(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([[0.8, 0.2], [0.6, 0.4]]), np.array([0, 1]))
    {'clips': 2, 'largest_score_change': 0.2, 'same_top1': 0.5, 'top1_before': 1.0, 'top1_after': 0.5}
    """
    before, after = reference.argmax(1), variant.argmax(1)
    change = {"clips": len(reference), "largest_score_change": round(float(np.abs(reference - variant).max()), 6),
              "same_top1": float((before == after).mean())}
    if truth is not None:
        change |= {"top1_before": float((before == truth).mean()), "top1_after": float((after == truth).mean())}
    return change
