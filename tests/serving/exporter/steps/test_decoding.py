"""Spans decoded in the graph are those that NumPy decodes."""

import numpy as np
import pytest
import tensorflow as tf

from res3d.spans import SpanSpec, decode
from serving.exporter.steps.decoding import decode_window

SPECS = [
    {},
    {"none_class": False, "instants": ("c",), "apart_seconds": 0.3, "keep": 0.0},
    {"scoring": "mean", "soft": 0.3, "smooth_seconds": 0.5, "instants": ("b",)},
    {"least_seconds": 0.3, "overlap": 0.3, "rate": 3.3, "keep": 0.1},
]


@pytest.mark.slow
@pytest.mark.parametrize("fields", SPECS)
def test_the_graph_decodes_as_numpy_does(fields):
    spec = SpanSpec(**{"labels": ("b", "a", "c"), "rate": 10.0, "window": 13, **fields})
    scores = np.random.default_rng(len(fields)).random((6, spec.window, spec.num_classes))
    scores[1::2] = (scores[1::2] > 0.5) * 0.6 + scores[1::2] * 0.2  # with long stretches
    found = tf.function(lambda x: decode_window(x, spec, 200))(tf.constant(scores))
    for row, window in enumerate(scores):
        expected = decode(window, spec)
        names = [name.decode() for name in found["labels"][row].numpy() if name]
        assert names == [span.label for span in expected]
        for name, values in (("starts", [span.start for span in expected]), ("ends", [span.end for span in expected]),
                             ("scores", [span.score for span in expected])):
            np.testing.assert_allclose(found[name][row, :len(expected)], values, atol=1e-6)  # float32 on the way out
    best = decode_window(tf.constant(scores), spec, 2)["scores"]
    np.testing.assert_array_equal(best, found["scores"][:, :2])
