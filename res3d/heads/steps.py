"""Scores of every step of time: dilated residual convolutions over what a network sees in each frame."""

from collections.abc import Sequence

import keras
from keras import ops

from res3d.layers.arguments import fraction, positive_int
from res3d.layers.composed import Composed
from res3d.layers.conv import Conv


@keras.saving.register_keras_serializable("res3d")
class DilatedSteps(Composed):
    """Residual convolutions over time that see further with each, the sizes of all axes staying as they are.

    After a norm and a convolution of width 1 there is one block for each dilation: a convolution of width 3, ReLU,
    another of width 1, and the sum with what came in. Norms are over channels, so that the windows of one video in a
    batch do not share statistics.

    Args:
        filters: int. Channels produced.
        dilations: ints. Steps between the three that a block sees; 1, 2, 4, 8 see 31 together.
        dropout: float. In each block.

    Input shape: `(batch, steps, channels)`. Output shape: `(batch, steps, filters)`.

    Raises:
        ValueError: for no dilation, or an argument out of its domain.

    Reference: Farha and Gall, 2019 (arXiv 1903.01945).

    >>> DilatedSteps(8)(ops.zeros((1, 16, 5))).shape
    TensorShape([1, 16, 8])
    """

    def __init__(self, filters: int, dilations: Sequence[int] = (1, 2, 4, 8), dropout: float = 0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.filters, self.dropout = positive_int(filters, "filters"), fraction(dropout, "dropout")
        self.dilations = tuple(positive_int(step, "dilations") for step in dilations)
        if not self.dilations:
            raise ValueError("`dilations` must be one positive int or more. Received: none.")
        options = {"rank": 1, "use_bias": True, "dtype": self.dtype_policy}
        self.norm = keras.layers.LayerNormalization(dtype=self.dtype_policy, name="norm")
        self.reduce = Conv(filters, 1, name="reduce", **options)
        self.wide = [Conv(filters, 3, dilation=step, name=f"wide{i}", **options)
                     for i, step in enumerate(self.dilations)]
        self.narrow = [Conv(filters, 1, kernel_initializer="glorot_uniform", name=f"narrow{i}", **options)
                       for i in range(len(self.dilations))]
        self.drop = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="drop")

    def build(self, input_shape):
        self.norm.build(input_shape)
        self.reduce.build(input_shape)
        for conv in [*self.wide, *self.narrow]:
            conv.build((*input_shape[:-1], self.filters))

    def call(self, x, training=None):
        x = self.reduce(self.norm(x))
        for wide, narrow in zip(self.wide, self.narrow):
            x = x + self.drop(narrow(ops.relu(wide(x))), training=training)
        return x

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "dilations": self.dilations, "dropout": self.dropout}


def step_classifier(backbone: keras.Model, num_classes: int, filters: int = 64,
                    dilations: Sequence[int] = (1, 2, 4, 8), dropout: float = 0.0) -> keras.Model:
    """A network that scores every frame of a window: `backbone`, the mean over each frame's places, `DilatedSteps`.

    Args:
        backbone: keras.Model of `res3d.build(..., keep_time=True, features=True)`, or with a network that sees frames.
        num_classes: int. The class of nothing at all counts as one, if there is one.
        filters, dilations, dropout: of `DilatedSteps`; no dilations leave only a linear classifier of each frame.

    Returns: keras.Model of the backbone's input to logits `(batch, steps, num_classes)` float32.

    Raises:
        ValueError: for a backbone without stages, or one that has fewer steps than its input has frames.

    >>> import res3d
    >>> clip = res3d.ClipSpec(16, 1, 12.5, 32, 32)
    >>> backbone = res3d.build("r3d_10", clip=clip, width=0.125, keep_time=True, features=True)
    >>> step_classifier(backbone, 4, filters=16).output_shape
    (None, 16, 4)
    """
    positive_int(num_classes, "num_classes")
    stages = backbone.output if isinstance(backbone.output, dict) else {}
    names = [name for name in stages if name.startswith("stage")]
    if not names:
        raise ValueError("Steps are scored from the last of the stages stage1, stage2 ... Received a network with "
                         f"{'the outputs ' + ', '.join(stages) if stages else 'one output'}. Build it with "
                         "features=True.")
    x = stages[max(names, key=lambda name: int(name.removeprefix("stage")))]
    frames = backbone.input.shape[1]
    if len(x.shape) != 5 or x.shape[1] != frames:
        raise ValueError(f"Steps are scored where each of {frames} frames has its own. Received features of shape "
                         f"{tuple(x.shape)}. Build the network with keep_time=True, for clips.")
    policy = backbone.layers[-1].dtype_policy
    x = ops.mean(x, axis=(2, 3))
    if dilations:
        x = DilatedSteps(filters, dilations, dropout, dtype=policy, name="steps")(x)
    logits = keras.layers.Dense(num_classes, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
                                dtype="float32", name="logits")(x)
    return keras.Model(backbone.input, logits, name=f"{backbone.name}_steps")
