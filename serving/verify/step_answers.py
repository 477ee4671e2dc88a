"""What an export that scores the steps of long videos is verified with: NumPy's own answers beside Keras's logits."""

import numpy as np

from res3d.spans.decoding import decode
from res3d.spans.windows import probabilities
from serving.verify.known_answers import BATCHES, KnownAnswers, moving_patterns

TRIES = 20
NEAR = 1e-4  # by how much logits may differ from one runtime to another


class StepAnswers(KnownAnswers):
    """Requests with their answers, one method a signature.

    Args:
        network: function of a uint8 batch that gives logits `(batch, steps, classes)`, NumPy in and out.
        clip: ClipSpec.
        spec: SpanSpec.
        card: str. The text that `describe` gives.
        most: int. Spans that `spans` gives of a window.
    """

    def __init__(self, network, clip, spec, card, most):
        super().__init__(network, None, clip, spec.labels, card, False, 1, seed=_steady(network, clip, spec))
        self.spec, self.most = spec, most

    def for_spans(self):
        rows = [decode(probabilities(logits, self.spec), self.spec)[:self.most] for logits in self.logits(self.clips)]
        size = (len(rows), min(self.most, len(self.spec.labels) * self.spec.window * (self.spec.window + 1)))
        answer = {name: np.zeros(size, np.float32) for name in ("starts", "ends", "scores")}
        answer["labels"] = np.full(size, b"", object)
        for row, spans in enumerate(rows):
            for place, span in enumerate(spans):
                for name, value in (("starts", span.start), ("ends", span.end), ("scores", span.score),
                                    ("labels", span.label.encode())):
                    answer[name][row, place] = value
        return self.clips, answer

    def _answer(self, *views):
        logits = self.logits(*views)
        return {"scores": probabilities(logits, self.spec).astype(np.float32), "logits": logits}


def _steady(network, clip, spec):
    """A seed of clips whose spans do not hang on the last digits of logits, which differ between runtimes: where a
    score is as good as on a level, either side is right."""
    for seed in range(TRIES):
        logits = network(moving_patterns(max(BATCHES), clip, seed))
        noise = np.random.default_rng(seed).uniform(-NEAR, NEAR, (8, *logits.shape))
        found = [[_shape(window, spec) for window in some] for some in (logits, *(logits + noise))]
        if all(other == found[0] for other in found):
            return seed
    return 0


def _shape(logits, spec):
    return [(span.start, span.end, span.label) for span in decode(probabilities(logits, spec), spec)]
