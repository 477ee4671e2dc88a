"""A device out of memory is recognised, and a batch that fits is found by trying."""

import keras
import numpy as np
import pytest

from res3d.training import memory
from res3d.training.callbacks import TrainingError
from res3d.training.recipe import find_recipe

SMALL = ["clip.frames=2", "clip.height=4", "clip.width=4", "clip.resize=4", "optimizer.accumulate=2"]
RECIPE = find_recipe("demo", [*SMALL, "data.batch_size=32"])


class Small:
    """A model whose device holds so many clips."""

    output_shape = (None, 3)

    def __init__(self, holds):
        self.holds, self.tried = holds, []

    def train_on_batch(self, clips, labels):
        self.tried.append(len(clips))
        if len(clips) > self.holds:
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate")


@pytest.mark.slow
def test_the_batch_that_fits_is_named():
    model = Small(10)
    with pytest.raises(TrainingError, match=r"8 fit: --set data.batch_size=8 --set optimizer.accumulate=8 trains"), \
            memory.explained(model, RECIPE):
        model.train_on_batch(np.zeros((32, 1)), None)
    assert model.tried == [32, 16, 8]


def test_nothing_fits():
    recipe = find_recipe("demo", [*SMALL, "data.batch_size=2"])
    with pytest.raises(TrainingError, match="Not even one clip fits"), memory.explained(Small(0), recipe):
        raise MemoryError


def test_other_errors_pass():
    with pytest.raises(KeyError), memory.explained(Small(0), RECIPE):
        raise KeyError("x")


@pytest.mark.parametrize("text", ["OOM when allocating tensor", "CUDA out of memory. Tried", "RESOURCE_EXHAUSTED: x"])
def test_the_words_of_every_backend_are_known(text):
    assert memory.is_out_of_memory(RuntimeError(text))
    assert not memory.is_out_of_memory(ValueError("shape"))


@pytest.mark.slow
def test_a_real_model_is_tried():
    inputs = keras.Input(RECIPE.clip.shape)
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    assert memory.fitting_batch(model, RECIPE, 32) == 16
