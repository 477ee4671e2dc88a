"""Several labels at once, rare ones among them: each label looks for its own places."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from res3d.layers.arguments import positive_int
from res3d.layers.composed import Composed


@keras.saving.register_keras_serializable("res3d")
class MultiLabelHead(Composed):
    """One logit a label at every place, then one for the whole: something between the places' mean and their maximum.

    A finding of a few pixels is lost in an average over the picture, and a maximum passes its gradient to one place
    only. The soft maximum `log(mean(exp(r * logits))) / r` lies between them: r near 0 is the mean, a large r the
    maximum. The sigmoid of an output is the label's probability.

    Args:
        num_labels: int.
        sharpness: float. r above; 0 is the mean.
        prior: floats or None. How often each label is seen in training. The biases start at their logits, so that rare
            labels do not spend the first epochs on becoming rare (Lin et al., 2017, arXiv 1708.02002).
        activation: str or None. "sigmoid" for probabilities instead of logits.
        dtype: str or policy. What it computes and answers in: float32, whatever Keras' global policy is.

    Weights: `logits/kernel` (channels, labels), `logits/bias`.

    Input shape: `(batch, *sizes, channels)`, any rank. Output shape: `(batch, num_labels)`.

    Raises:
        ValueError: for a prior of another length or outside (0, 1), a negative sharpness, or several maps at once.

    Reference: Pinheiro and Collobert, 2015 (arXiv 1411.6228); for chest X-rays Wang et al., 2017 (arXiv 1705.02315).

    >>> head = MultiLabelHead(2, prior=[0.5, 0.01])
    >>> [round(float(p), 2) for p in ops.sigmoid(head(ops.zeros((1, 4, 4, 8))))[0]]
    [0.5, 0.01]
    """

    def __init__(self, num_labels: int, sharpness: float = 4.0, prior: Sequence[float] | None = None,
                 activation: str | None = None, dtype: str | keras.DTypePolicy = "float32", **kwargs) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.num_labels = positive_int(num_labels, "num_labels")
        if isinstance(sharpness, bool) or not isinstance(sharpness, int | float) or not 0 <= sharpness < math.inf:
            raise ValueError(f"`sharpness` must be a number of at least 0. Received: sharpness={sharpness!r}.")
        self.sharpness, self.activation = sharpness, activation
        self.prior = prior if prior is None else np.ravel(np.asarray(prior, "float64")).tolist()
        if self.prior is not None and (len(self.prior) != num_labels or not all(0 < p < 1 for p in self.prior)):
            raise ValueError(f"`prior` must have {num_labels} numbers between 0 and 1, neither included. Received: "
                             f"prior={self.prior}. Leave a label without examples out.")
        self.act = keras.activations.get(activation)
        odds = None if prior is None else np.array(self.prior) / (1 - np.array(self.prior))
        bias = "zeros" if odds is None else keras.initializers.Constant(np.log(odds))
        self.logits = keras.layers.Dense(num_labels, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
                                         bias_initializer=bias, dtype=self.dtype_policy, name="logits")

    @property
    def activation_name(self) -> str | None:
        """What the outputs have gone through, as Keras names it: "sigmoid"; None for logits."""
        return None if self.activation is None else keras.activations.serialize(self.act)

    def build(self, input_shape):
        if isinstance(input_shape, dict) or not (input_shape[0] is None or isinstance(input_shape[0], int)):
            raise ValueError("MultiLabelHead takes one map (batch, *sizes, channels). Received several: "
                             f"{input_shape}. Choose one, such as features['stage4'].")
        self.logits.build(input_shape)

    def call(self, x):
        x = ops.cast(x, self.compute_dtype)
        axes = tuple(range(1, len(x.shape) - 1))
        if not self.sharpness:
            return self.act(self.logits(ops.mean(x, axis=axes)))
        places = self.logits(x)
        count = ops.log(ops.cast(ops.prod(ops.shape(places)[1:-1]), "float32"))
        soft = (ops.logsumexp(self.sharpness * places, axis=axes) - ops.cast(count, places.dtype)) / self.sharpness
        return self.act(soft)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_labels)

    def get_config(self):
        return {**super().get_config(), "num_labels": self.num_labels, "sharpness": self.sharpness,
                "prior": self.prior, "activation": self.activation}
