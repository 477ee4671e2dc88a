"""Training at changing shapes through Keras's `fit`: few compiled steps, and going on to the last digit."""

import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf

from res3d.training.epoch_sizes import EpochSizes
from res3d.training.optimizer import make_optimizer
from res3d.workflows.feeding.any_shape import train_at_any_shape
from tests.res3d.training import tiny_run as tiny

RECIPE = tiny.tiny_recipe("clip.frames=4", "data.batch_size=2", "multigrid.short=true", "multigrid.stretch=1",
                          "schedule.epochs=2", "optimizer.precise_norm=2")
CLIPS = 20


def batches(epoch, step):
    """Batches of the shapes of an epoch in turn, of random pixels whose first decides the label."""
    turns = RECIPE.cycles.turns(epoch)

    def made():
        rng, left = np.random.default_rng(epoch), CLIPS
        for number in itertools.count():
            turn = turns[number % len(turns)]
            size = min(left, 2 * turn.times)
            clips = rng.integers(0, 256, (size, turn.frames, turn.height, turn.width, 3), "uint8")
            left -= size
            if number >= step:
                yield clips, (clips[:, 0, 0, 0, 0] % tiny.CLASSES).astype("int32")
            if not left:
                return

    signature = tf.TensorSpec((None,) * 4 + (3,), tf.uint8), tf.TensorSpec((None,), tf.int32)
    counted = tf.data.experimental.assert_cardinality(steps(epoch) - step)
    return tf.data.Dataset.from_generator(made, output_signature=signature).apply(counted)


def steps(epoch):
    """Batches of an epoch, by giving out its clips."""
    sizes, left = itertools.cycle(2 * turn.times for turn in RECIPE.cycles.turns(epoch)), CLIPS
    return next(number for number in itertools.count(1) if (left := left - next(sizes)) <= 0)


def full(epoch, step):
    clips = np.random.default_rng(epoch).integers(0, 256, (8, *RECIPE.clip.shape), "uint8")
    return tf.data.Dataset.from_tensor_slices((clips, np.zeros(8, "int32"))).batch(2).skip(step)


def sizes():
    epochs = range(RECIPE.epochs)
    return EpochSizes(tuple(map(steps, epochs)),
                      tuple(tuple(2 * turn.times for turn in RECIPE.cycles.turns(epoch)) for epoch in epochs))


def run(folder, recipe=RECIPE, **options):
    model = tiny.tiny_model(recipe, make_optimizer(recipe, sizes()))
    train_at_any_shape(model)
    return model, tiny.tiny_fit(folder, recipe, model, batches=batches, sizes=sizes(), full_clips=full, **options)


@pytest.mark.slow
def test_a_run_stopped_anywhere_goes_on_to_the_same_digits(tmp_path):
    model, whole = run(tmp_path / "whole")
    assert [row["epoch"] for row in whole] == list(range(1, RECIPE.epochs + 1))
    shapes = {turn for epoch in range(RECIPE.epochs) for turn in RECIPE.cycles.turns(epoch)}
    assert len(model.train_function.made) == len({(shape.frames, shape.height) for shape in shapes})
    count = itertools.count(1)
    limited = dataclasses.replace(RECIPE, stop=dataclasses.replace(RECIPE.stop, max_minutes=60.0))
    _, stopped = run(tmp_path / "cut", limited, agree=lambda up: next(count) == 2)  # as if its time were up
    assert len(stopped) < len(whole)
    _, again = run(tmp_path / "cut")
    assert again == whole
