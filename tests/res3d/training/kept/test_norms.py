"""Statistics of batch norm taken anew: against NumPy, and in a run that goes on as if nobody had looked."""

import keras
import numpy as np
import pytest

from res3d.layers.norm import BatchNorm
from res3d.saving import load_model
from res3d.training.kept.norms import Learning, batch_statistics, statistics_in
from res3d.training.workfolder import WorkFolder
from tests.res3d.training.tiny_run import tiny_batches, tiny_fit, tiny_model, tiny_recipe


def batches():
    rng = np.random.default_rng(0)
    return [(rng.normal(3, 2, (size, 6, 16)).astype("float32"), None) for size in (8, 8, 4, 8)]


def normed(momentum=0.9):
    inputs = keras.Input((6, 16))
    x = keras.layers.Dropout(0.5, seed=1)(BatchNorm(momentum=momentum, name="first")(inputs))
    frozen = BatchNorm(name="frozen")
    frozen.trainable = False
    return keras.Model(inputs, frozen(keras.layers.BatchNormalization(momentum=0.99, name="second")(x)))


def test_moments_are_those_of_all_clips_seen_each_normed_by_its_batch():
    model = normed()
    found = {variable.path: value for variable, value in batch_statistics(Learning(model), iter(batches()), 3)}
    assert set(found) == {f"{name}/moving_{what}" for name in ("first", "second") for what in ("mean", "variance")}
    seen = [clips.astype("float64").reshape(-1, 16) for clips, _ in batches()[:3]]
    rows = np.concatenate(seen)
    np.testing.assert_allclose(found["first/moving_mean"], rows.mean(0), 1e-5)
    np.testing.assert_allclose(found["first/moving_variance"], rows.var(0), 1e-4)
    assert abs(found["second/moving_variance"].mean() - 2) < 0.5  # of normed and half dropped values, doubled


def test_nothing_is_changed_by_looking():
    model = normed()
    before = [np.array(variable) for variable in model.variables]
    statistics = batch_statistics(Learning(model), batches(), 2)
    for variable, old in zip(model.variables, before):
        np.testing.assert_array_equal(variable, old)
    with statistics_in(statistics):
        for variable, value in statistics:
            np.testing.assert_allclose(variable, value, 1e-6)
    assert len(statistics) == 4
    np.testing.assert_array_equal(model.get_layer("first").moving_mean, np.zeros(16))


def test_nothing_to_look_at_leaves_the_running_statistics():
    inputs = keras.Input((3,))
    assert batch_statistics(Learning(keras.Model(inputs, keras.layers.Dense(2)(inputs))), batches(), 2) == []
    assert batch_statistics(Learning(normed()), [], 2) == []
    assert batch_statistics(Learning(normed()), batches(), 0) == []


@pytest.mark.slow
def test_a_run_keeps_them_and_trains_on_as_without(tmp_path):
    plain, precise = tiny_recipe("optimizer.ema=0.5"), tiny_recipe("optimizer.ema=0.5", "optimizer.precise_norm=2")
    models = []
    for recipe, name in ((plain, "plain"), (precise, "precise")):
        models.append(tiny_model(recipe))
        rows = tiny_fit(tmp_path / name, recipe, models[-1])
        assert len(rows) == 3
    for a, b in zip(*(model.variables for model in models)):
        np.testing.assert_allclose(a, b, 1e-5, 1e-6)
    first, second = (load_model(WorkFolder(tmp_path / name).last) for name in ("plain", "precise"))
    np.testing.assert_allclose(first.get_layer("stem").kernel, second.get_layer("stem").kernel, 1e-5, 1e-6)
    norm = second.get_layer("norm")
    features = keras.Model(second.input, second.get_layer("stem").output)
    seen = np.concatenate([features(clips) for clips, _ in tiny_batches(2, 0).take(2)]).reshape(-1, 4)
    np.testing.assert_allclose(norm.moving_mean, seen.mean(0), 1e-3, 1e-4)
    np.testing.assert_allclose(norm.moving_variance, seen.var(0), 1e-3)
    assert np.abs(first.get_layer("norm").moving_mean - norm.moving_mean).max() > 1e-3
