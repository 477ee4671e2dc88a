"""The signatures of an export: what may be sent, and the answers that come back, as TensorFlow functions.

| signature | input | answer |
|---|---|---|
| serving_default | `clip` uint8 (B, T, H, W, C) | scores, top_classes, top_scores, logits |
| predict_jpeg | `frames_bytes` string (B, T), JPEG or PNG | the same |
| predict_raw | `clip_bytes` string (B,), T*H*W*C bytes | the same |
| predict_gif | `gif_bytes` string (B,) | the same |
| predict_views | `clips` uint8 (B, V, T, H, W, C) | the same, averaged over the V views |
| predict_jpeg_views | `frames_bytes` string (B, V, T) | the same, averaged over the V views |
| classify | `inputs` string (B,), tf.Example with T `frames_bytes` | classes, scores |
| features | `clip` uint8 (B, T, H, W, C) | features float32 (B, D) |
| describe | `query` string (B,), any, 64 at most | clip_spec, model_card: JSON text |

Frames that have the clip's height and width are taken as they are; others are resized and cropped as the clip says.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from res3d.geometry import ClipSpec
from serving.exporter import frames

FRAMES_FEATURE = "frames_bytes"
MOST_DESCRIBED = 64


def make_signatures(network: Callable, clip: ClipSpec, labels: Sequence[str], card: str,
                    features: Callable | None = None, multi_label: bool = False, top: int = 5) -> dict:
    """The signatures by name, each a `tf.function` with named inputs and outputs.

    Args:
        network: function of a uint8 `(batch, *clip.shape)` tensor that gives float32 logits `(batch, len(labels))`.
        clip: ClipSpec.
        labels: strings, one a logit.
        card: str. The model card's JSON text, which `describe` gives.
        features: function of the same tensor that gives float32 `(batch, size)`, or None to leave `features` out.
        multi_label: bool. Scores are independent (sigmoid), and do not sum to one (softmax).
        top: int. How many of the best labels are named.

    Returns:
        {name: tf.function}.
    """
    served = _Served(network, clip, labels, card, features, multi_label, top)
    return {name: endpoint(*row) for name, row in _table(served, clip).items() if row[0] is not None}


def _table(served, clip):
    """{signature: (function or None, alias, dtype and shape of its one input)}."""
    text, pixels = tf.string, tf.uint8
    one, several = (None, *clip.shape), (None, None, *clip.shape)
    return {
        "serving_default": (served.predict, "clip", pixels, one),
        "predict_jpeg": (served.predict_pictures, FRAMES_FEATURE, text, (None, clip.frames)),
        "predict_raw": (served.predict_raw, "clip_bytes", text, (None,)),
        "predict_gif": (served.predict_gif, "gif_bytes", text, (None,)),
        "predict_views": (served.predict_views, "clips", pixels, several),
        "predict_jpeg_views": (served.predict_picture_views, FRAMES_FEATURE, text, (None, None, clip.frames)),
        "classify": (served.classify, "inputs", text, (None,)),
        "features": (served.features, "clip", pixels, one),
        "describe": (served.describe, "query", text, (None,)),
    }


class _Served:
    """The functions of the signatures, each of one tensor; arguments as `make_signatures`."""

    def __init__(self, network, clip, labels, card, features, multi_label, top):
        self._network = tf.function(network, input_signature=[tf.TensorSpec((None, *clip.shape), tf.uint8)],
                                    autograph=False)
        self._clip, self._multi_label = clip, multi_label
        self.describe = Description(clip, card)
        self._labels, self._top = tf.constant(labels), min(top, len(labels))
        self.features = None if features is None else lambda clips: {"features": features(clips)}

    def predict(self, clips):
        logits = self._network(clips)
        return self._answer(logits, self._scores(logits))

    def predict_views(self, clips):
        size = tf.shape(clips)
        logits = self._network(tf.reshape(clips, (-1, *self._clip.shape)))
        views = tf.reshape(logits, (size[0], size[1], self._labels.shape[0]))
        return self._answer(tf.reduce_mean(views, 1), tf.reduce_mean(self._scores(views), 1))

    def predict_pictures(self, encoded):
        return self.predict(frames.decode_many(encoded, self._clip))

    def predict_picture_views(self, encoded):
        return self.predict_views(frames.decode_many(encoded, self._clip))

    def predict_gif(self, encoded):
        return self.predict(frames.decode_animation(encoded, self._clip))

    def predict_raw(self, clip_bytes):
        return self.predict(frames.decode_raw(clip_bytes, self._clip))

    def classify(self, examples):
        wanted = {FRAMES_FEATURE: tf.io.FixedLenFeature((self._clip.frames,), tf.string)}
        found = self.predict_pictures(tf.io.parse_example(examples, wanted)[FRAMES_FEATURE])
        return {"classes": found["top_classes"], "scores": found["top_scores"]}

    def _answer(self, logits, scores):
        best = tf.math.top_k(scores, self._top)
        return {"scores": scores, "top_classes": tf.gather(self._labels, best.indices), "top_scores": best.values,
                "logits": logits}

    def _scores(self, logits):
        return tf.sigmoid(logits) if self._multi_label else tf.nn.softmax(logits)


class Description:
    """What an export says of itself: a clip's fields and a model card, to each of a few strings."""

    def __init__(self, clip, card):
        self._texts = {"clip_spec": clip.to_json(), "model_card": card}

    def __call__(self, query):
        few = tf.debugging.Assert(tf.size(query) <= MOST_DESCRIBED, [
            f"A query must have at most {MOST_DESCRIBED} strings: each is answered with the whole card. Received more. "
            "One is enough."], summarize=1)
        with tf.control_dependencies([few]):
            query = tf.identity(query)
        return {name: tf.fill(tf.shape(query), tf.constant(text)) for name, text in self._texts.items()}


def endpoint(function, name, dtype, shape):
    """The function with its one input named and its shape checked in the graph: a server checks the dtype alone."""
    def checked(x):
        return function(tf.ensure_shape(x, shape))

    spec = tf.TensorSpec(shape, dtype, name=name)
    return tf.function(checked, input_signature=[spec], autograph=False)
