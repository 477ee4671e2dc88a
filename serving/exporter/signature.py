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
| describe | `query` string (B,), any | clip_spec, model_card: JSON text |

Frames that have the clip's height and width are taken as they are; others are resized and cropped as the clip says.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from res3d.geometry import ClipSpec
from serving.exporter import frames

FRAMES_FEATURE = "frames_bytes"


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
    network = tf.function(network, input_signature=[tf.TensorSpec((None, *clip.shape), tf.uint8)], autograph=False)
    names = tf.constant(labels)
    top = min(top, len(labels))

    def answer(logits, scores):
        best = tf.math.top_k(scores, top)
        return {"scores": scores, "top_classes": tf.gather(names, best.indices), "top_scores": best.values,
                "logits": logits}

    def score(logits):
        return tf.sigmoid(logits) if multi_label else tf.nn.softmax(logits)

    def predict(clips):
        logits = network(clips)
        return answer(logits, score(logits))

    def predict_views(clips):
        size = tf.shape(clips)
        logits = network(tf.reshape(clips, (-1, *clip.shape)))
        views = tf.reshape(logits, (size[0], size[1], len(labels)))
        return answer(tf.reduce_mean(views, 1), tf.reduce_mean(score(views), 1))

    def from_pictures(encoded):
        pictures = frames.decode_pictures(tf.reshape(encoded, [-1]), clip)
        return tf.reshape(pictures, tf.concat([tf.shape(encoded), clip.shape[1:]], 0))

    def serving_default(clip_):
        return predict(clip_)

    def predict_raw(clip_bytes):
        pixels = tf.io.decode_raw(clip_bytes, tf.uint8)
        pixels = tf.ensure_shape(pixels, (None, _count(clip.shape)))
        return predict(tf.reshape(pixels, (-1, *clip.shape)))

    def classify(inputs):
        wanted = {FRAMES_FEATURE: tf.io.FixedLenFeature((clip.frames,), tf.string)}
        found = predict(from_pictures(tf.io.parse_example(inputs, wanted)[FRAMES_FEATURE]))
        return {"classes": found["top_classes"], "scores": found["top_scores"]}

    def describe(query):
        def repeat(text):
            return tf.fill(tf.shape(query), tf.constant(text))

        return {"clip_spec": repeat(clip.to_json()), "model_card": repeat(card)}

    text, pixels = tf.string, tf.uint8
    table = {
        "serving_default": (serving_default, "clip", pixels, (None, *clip.shape)),
        "predict_jpeg": (lambda x: predict(from_pictures(x)), FRAMES_FEATURE, text, (None, clip.frames)),
        "predict_raw": (predict_raw, "clip_bytes", text, (None,)),
        "predict_gif": (lambda x: predict(frames.decode_animation(x, clip)), "gif_bytes", text, (None,)),
        "predict_views": (predict_views, "clips", pixels, (None, None, *clip.shape)),
        "predict_jpeg_views": (lambda x: predict_views(from_pictures(x)), FRAMES_FEATURE, text,
                               (None, None, clip.frames)),
        "classify": (classify, "inputs", text, (None,)),
        "features": (features and (lambda x: {"features": features(x)}), "clip", pixels, (None, *clip.shape)),
        "describe": (describe, "query", text, (None,)),
    }
    return {name: _endpoint(*row) for name, row in table.items() if row[0] is not None}


def _endpoint(function, name, dtype, shape):
    """The function with its one input named and its shape checked in the graph: a server checks the dtype alone."""
    def checked(x):
        return function(tf.ensure_shape(x, shape))

    spec = tf.TensorSpec(shape, dtype, name=name)
    return tf.function(checked, input_signature=[spec], autograph=False)


def _count(shape):
    count = 1
    for size in shape:
        count *= size
    return count
