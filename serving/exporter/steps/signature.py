"""The signatures of an export that scores the steps of long videos.

| signature | input | answer |
|---|---|---|
| serving_default | `clip` uint8 (B, T, H, W, C) | scores, logits float32 (B, T, classes) |
| predict_jpeg | `frames_bytes` string (B, T), JPEG or PNG | the same |
| predict_raw | `clip_bytes` string (B,), T*H*W*C bytes | the same |
| spans | `clip` uint8 (B, T, H, W, C) | starts, ends, labels, scores (B, MOST) of this window alone |
| describe | `query` string (B,), any, 64 at most | clip_spec, model_card: JSON; the contract is `spans` in the card |

A clip is one window of the contract. A client that has a whole video averages the logits' probabilities over windows
that overlap and reads spans off them, as is done offline; `spans` is for those who have one window and no decoder.
"""

import tensorflow as tf

from serving.exporter import frames, signature
from serving.exporter.steps.decoding import decode_window

MOST = 100


def make_span_signatures(network, clip, spec, card):
    """The signatures by name, each a `tf.function` with named inputs and outputs.

    Args:
        network: function of a uint8 `(batch, *clip.shape)` tensor to float32 logits `(batch, steps, classes)`.
        clip: ClipSpec.
        spec: SpanSpec.
        card: str. The model card's JSON text, which `describe` gives.
    """
    served = _Served(network, clip, spec)
    described = signature.Description(clip, card)
    one = (None, *clip.shape)
    table = {
        "serving_default": (served.predict, "clip", tf.uint8, one),
        "predict_jpeg": (served.predict_pictures, signature.FRAMES_FEATURE, tf.string, (None, clip.frames)),
        "predict_raw": (served.predict_raw, "clip_bytes", tf.string, (None,)),
        "spans": (served.spans, "clip", tf.uint8, one),
        "describe": (described, "query", tf.string, (None,)),
    }
    return {name: signature.endpoint(*row) for name, row in table.items()}


class _Served:
    """The functions of the signatures, each of one tensor; arguments as `make_span_signatures`."""

    def __init__(self, network, clip, spec):
        self._network = tf.function(network, input_signature=[tf.TensorSpec((None, *clip.shape), tf.uint8)],
                                    autograph=False)
        self._clip, self._spec = clip, spec

    def predict(self, clips):
        logits = self._network(clips)
        return {"scores": tf.cast(self._probabilities(logits), tf.float32), "logits": logits}

    def predict_pictures(self, encoded):
        return self.predict(frames.decode_many(encoded, self._clip))

    def predict_raw(self, clip_bytes):
        return self.predict(frames.decode_raw(clip_bytes, self._clip))

    def spans(self, clips):
        return decode_window(self._probabilities(self._network(clips)), self._spec, MOST)

    def _probabilities(self, logits):
        logits = tf.cast(logits, tf.float64) / self._spec.temperature
        return tf.nn.softmax(logits) if self._spec.none_class else tf.sigmoid(logits)
