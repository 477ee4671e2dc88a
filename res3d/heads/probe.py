"""What do the features already know? A linear classifier on a network that stays as it is."""

import keras

from res3d.layers.arguments import positive_int
from res3d.networks.classifier import WindowPool


def linear_probe(backbone: keras.Model, num_classes: int, activation: str | None = None) -> keras.Model:
    """A linear classifier on the frozen `backbone`: only "logits" trains, and batch norms keep their statistics.

    Args:
        backbone: keras.Model of `res3d.build`: with `features=True`, whose last stage is averaged; without a
            classifier; or with one, which is left out, and the mean of its places taken. Its layers are shared and
            become untrainable.
        num_classes: int.
        activation: str or None. After the logits; "sigmoid" for several labels.

    Returns: keras.Model of the backbone's input to `(batch, num_classes)` float32.

    Raises:
        ValueError: if the backbone gives several tensors that are not stages, or no `(batch, channels)`.

    >>> import res3d
    >>> probe = linear_probe(res3d.build("resnet_18", input_shape=(32, 32, 3), width=0.125), 4)
    >>> [weight.path for weight in probe.trainable_weights]
    ['logits/kernel', 'logits/bias']
    """
    positive_int(num_classes, "num_classes")
    x = backbone.output
    if isinstance(x, dict):
        stages = [name for name in x if name.startswith("stage")]
        if not stages:
            raise ValueError("A probe takes the last of the stages stage1, stage2 ... Received a network with the "
                             f"outputs {', '.join(x)}. Build it without features=True.")
        x = x[max(stages, key=lambda name: int(name.removeprefix("stage")))]
        x = WindowPool(None, len(x.shape) - 2, name="mean")(x)
    elif backbone.layers[-1].name == "logits":
        x = backbone.get_layer("logits").input
        if len(x.shape) == 3:
            x = keras.layers.GlobalAveragePooling1D(name="mean_places")(x)
    if len(x.shape) != 2:
        raise ValueError(f"A probe takes features (batch, channels). Received: {tuple(x.shape)} from "
                         f"'{backbone.name}'. Build the network with num_classes=None or features=True.")
    for layer in backbone.layers:
        layer.trainable = False
    logits = keras.layers.Dense(num_classes, activation=activation, dtype="float32", name="logits")(x)
    return keras.Model(backbone.input, logits, name=f"{backbone.name}_probe")
