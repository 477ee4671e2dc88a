"""The learning rate by step, against the same arithmetic in plain Python."""

import math

import keras
import numpy as np
import pytest

from res3d.training.epoch_sizes import EpochSizes
from res3d.training.rates.schedule import WarmUp, make_schedule, scaled_rate
from res3d.training.recipe import find_recipe


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


def test_warm_up_is_linear_and_ends_at_the_rate():
    schedule = WarmUp(1.0, total_steps=100, warmup_steps=10, warmup_from=0.1)
    np.testing.assert_allclose(rates(schedule, range(11)), np.linspace(0.1, 1.0, 11), rtol=1e-6)


def test_cosine_is_half_a_period_after_the_warm_up():
    schedule = WarmUp(2.0, total_steps=30, warmup_steps=10, final=0.25)
    expected = [2.0 * (0.25 + 0.75 * 0.5 * (1 + math.cos(math.pi * (step - 10) / 20))) for step in range(10, 31)]
    np.testing.assert_allclose(rates(schedule, range(10, 31)), expected, rtol=1e-5)


def test_cosine_stays_at_its_end():
    assert rates(WarmUp(1.0, total_steps=10, final=0.5), [10, 11, 1000]) == pytest.approx([0.5] * 3)


def test_steps_multiply_once_each():
    schedule = WarmUp(1.0, total_steps=30, decay="step", boundaries=(10, 20), factor=0.1)
    assert rates(schedule, [0, 9, 10, 19, 20, 29]) == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_constant_is_constant():
    assert rates(WarmUp(0.3, total_steps=10, decay="constant"), [0, 5, 50]) == pytest.approx([0.3] * 3)


def test_it_is_saved_with_the_optimizer():
    schedule = WarmUp(1.0, total_steps=30, warmup_steps=3, decay="step", boundaries=(10, 20))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert rates(again, range(30)) == rates(schedule, range(30))


def test_the_rate_scales_with_the_clips_of_an_update():
    recipe = find_recipe("demo", ["optimizer.rate=0.1", "optimizer.reference_batch=64", "data.batch_size=16",
                                  "optimizer.accumulate=2"])
    assert scaled_rate(recipe.optimizer, 16) == pytest.approx(0.05)
    assert scaled_rate(find_recipe("demo", ["optimizer.rate=0.1"]).optimizer, 16) == 0.1


def test_epochs_become_steps():
    recipe = find_recipe("demo", ["schedule.epochs=4", "schedule.warmup_epochs=0.5", "schedule.decay=step",
                                  "schedule.steps=[1, 3]"])
    schedule = make_schedule(recipe, EpochSizes.alike(10, 4))
    assert (schedule.total_steps, schedule.warmup_steps, schedule.boundaries) == (40, 5, (10, 30))


def test_steps_that_are_not_listed_are_missed():
    with pytest.raises(ValueError, match=r"`schedule.steps` must list the epochs .* Received: schedule.steps=\[\]"):
        make_schedule(find_recipe("demo", ["schedule.decay=step"]), EpochSizes.alike(10, 4))


def test_a_warm_up_may_be_a_share_of_the_run():
    recipe = find_recipe("demo", ["schedule.warmup_epochs=0", "schedule.warmup_share=0.25", "schedule.epochs=10"])
    assert make_schedule(recipe, EpochSizes.alike(8, 4)).warmup_steps == 20
    with pytest.raises(ValueError, match=r"say the same; set one of them to 0. Received: warmup_epochs=1.0, warmup_sh"):
        find_recipe("demo", ["schedule.warmup_epochs=1", "schedule.warmup_share=0.25"])
