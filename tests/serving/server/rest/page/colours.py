"""A model that names colours, and a video that changes its own, for tests of the page."""

import numpy as np

from pipelines.video import writer
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=2, height=32, width=32)
LABELS = ["red", "green", "blue", "nothing"]


def save(folder, labels=LABELS):
    """Writes a version whose label is the brightest colour of the picture's upper left patch; returns its folder."""
    import tensorflow as tf

    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec((None, *CLIP.shape), tf.uint8, name="clip")], autograph=False)
    def serve(clip):
        brightness = tf.reduce_mean(tf.cast(clip[:, :, :6, :6], tf.float32), (1, 2, 3)) / 30.0
        scores = tf.nn.softmax(tf.pad(brightness, [(0, 0), (0, len(labels) - 3)]))
        best = tf.math.top_k(scores, 4)
        return {"scores": scores, "top_scores": best.values,
                "top_classes": tf.gather(tf.constant(labels), best.indices)}

    module.serve = serve
    tf.saved_model.save(module, str(folder), {"serving_default": serve})
    (folder / "assets.extra").mkdir()
    CLIP.save(folder / "assets.extra/clip.json")
    (folder / "assets.extra/labels.txt").write_text("".join(f"{label}\n" for label in labels))
    return folder


def film(path):
    """Writes a video of 42 frames that is green in its first half and blue in its second; returns its path."""
    frames = np.full((42, 64, 64, 3), 60, np.uint8)
    frames[:21, :, :, 1], frames[21:, :, :, 2] = 230, 230
    writer.write_video(str(path), frames, fps=10)
    return path
