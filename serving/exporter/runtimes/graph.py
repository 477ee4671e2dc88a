"""The function that a file for another runtime holds: `serving_default` of a SavedModel without its labels."""

import tensorflow as tf

from serving.session.runtimes.contract import CLIP, LOGITS, SCORES


def answering(network, clip, multi_label, batch=None, axes=5):
    """A `tf.function` of uint8 clips `(batch, *clip.shape)` that gives float32 {"scores", "logits"}.

    Args:
        network: function of such clips that gives float32 logits; in four axes its `on_frames` is what runs.
        clip: ClipSpec.
        multi_label: bool. Scores by sigmoid, and not by softmax.
        batch: int, or None to leave it open, which four axes cannot.
        axes: 5, or 4 for clips `(batch * frames, height, width, channels)`, run one after another.
    """
    count = clip.frames
    shape = (batch, *clip.shape) if axes == 5 else (batch * count, *clip.shape[1:])

    def run(clips):
        if axes == 5:
            return network(clips)
        each = [network.on_frames(clips[start:start + count] if batch > 1 else clips)
                for start in range(0, batch * count, count)]
        return tf.concat(each, 0) if batch > 1 else each[0]

    def answer(clips):
        logits = run(clips)
        scores = tf.sigmoid(logits) if multi_label else tf.nn.softmax(logits)
        return {SCORES: tf.identity(scores, name=SCORES), LOGITS: tf.identity(logits, name=LOGITS)}

    return tf.function(answer, input_signature=[tf.TensorSpec(shape, tf.uint8, name=CLIP)],
                       autograph=False)
