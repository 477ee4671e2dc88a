"""The function that a file for another runtime holds: `serving_default` of a SavedModel without its labels."""

import tensorflow as tf

from serving.session.runtimes.contract import CLIP, LOGITS, SCORES


def answering(network, clip, multi_label, batch=None):
    """A `tf.function` of uint8 clips `(batch, *clip.shape)` that gives float32 {"scores", "logits"}.

    Args:
        network: function of such clips that gives float32 logits.
        clip: ClipSpec.
        multi_label: bool. Scores by sigmoid, and not by softmax.
        batch: int, or None to leave it open.
    """
    def answer(clips):
        logits = network(clips)
        scores = tf.sigmoid(logits) if multi_label else tf.nn.softmax(logits)
        return {SCORES: tf.identity(scores, name=SCORES), LOGITS: tf.identity(logits, name=LOGITS)}

    return tf.function(answer, input_signature=[tf.TensorSpec((batch, *clip.shape), tf.uint8, name=CLIP)],
                       autograph=False)
