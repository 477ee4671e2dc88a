"""Networks of extreme depth build and learn from a step: 1202 layers over pictures, 200 over clips."""

import keras
import numpy as np
import pytest

import res3d
from res3d.private_keras import layers_inside

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("name", "shape"), [
    ("cifar_resnet_1202", (8, 8, 3)), ("kenshohara_r3d_200", (8, 32, 32, 3)), ("r3d_200", (4, 16, 16, 3))])
@pytest.mark.timeout(900)
def test_a_deep_network_takes_a_training_step(name, shape):
    model = res3d.build(name, 4, input_shape=shape, width=1 if "cifar" in name else 0.125)
    convolutions = [layer for layer in layers_inside(model) if type(layer).__name__ == "Conv"]
    on_the_way = [layer for layer in convolutions if "shortcut" not in layer.path]
    assert len(on_the_way) + 1 == int(name.rsplit("_", 1)[1])  # and the classifier
    model.compile(keras.optimizers.SGD(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  run_eagerly=True)
    first, last = model.get_layer("stem").conv.kernel, model.get_layer("logits").kernel
    before = np.array(first), np.array(last)
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    loss = model.train_on_batch(x, np.array([0, 3]))
    assert np.isfinite(loss)
    assert np.abs(np.array(first) - before[0]).max() > 0  # the gradient came through all of it
    assert np.abs(np.array(last) - before[1]).max() > 0
