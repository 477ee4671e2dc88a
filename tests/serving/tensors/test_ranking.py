"""The ranking that client and verification share is the exported graph's."""

import numpy as np
import tensorflow as tf

from serving.tensors import ranking


def test_ranks_are_tensorflows_also_where_scores_are_equal():
    scores = np.float32([[0.1, 0.3, 0.3, 0.1, 0.2], [0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(ranking.best(scores, 4), tf.math.top_k(scores, 4).indices)
    np.testing.assert_array_equal(ranking.best(scores[0], 9), [1, 2, 4, 0, 3])
