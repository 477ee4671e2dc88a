"""Updates of the two optimizers against plain NumPy, and what they leave alone."""

import keras
import numpy as np
import pytest

from res3d.training.epoch_sizes import EpochSizes
from res3d.training.kept.averages import averaged_weights
from res3d.training.optimizer import SGD, AdamW, make_optimizer
from res3d.training.recipe import find_recipe


def variables():
    kernel = keras.Variable(np.array([[1.0, -2.0]], "float32"), name="kernel")
    bias = keras.Variable(np.array([0.5, 0.25], "float32"), name="bias")
    return kernel, bias


def test_sgd_decay_goes_through_the_momentum_and_spares_rank_one():
    kernel, bias = variables()
    optimizer = SGD(0.1, momentum=0.9, nesterov=True, kernel_decay=0.01)
    expected_kernel, expected_bias = kernel.numpy().copy(), bias.numpy().copy()
    speed_kernel, speed_bias = np.zeros((1, 2)), np.zeros(2)
    rng = np.random.default_rng(0)
    for _ in range(5):
        grad_kernel, grad_bias = rng.normal(size=(1, 2)).astype("float32"), rng.normal(size=2).astype("float32")
        optimizer.apply([keras.ops.convert_to_tensor(grad_kernel), keras.ops.convert_to_tensor(grad_bias)],
                        [kernel, bias])
        whole = grad_kernel + 0.01 * expected_kernel
        speed_kernel = 0.9 * speed_kernel - 0.1 * whole
        expected_kernel = expected_kernel + 0.9 * speed_kernel - 0.1 * whole
        speed_bias = 0.9 * speed_bias - 0.1 * grad_bias
        expected_bias = expected_bias + 0.9 * speed_bias - 0.1 * grad_bias
    np.testing.assert_allclose(kernel.numpy(), expected_kernel, rtol=1e-5)
    np.testing.assert_allclose(bias.numpy(), expected_bias, rtol=1e-5)


def test_adamw_decay_stands_beside_the_moments():
    kernel, bias = variables()
    optimizer = AdamW(0.1, kernel_decay=0.5)
    zeros = [keras.ops.zeros((1, 2)), keras.ops.zeros((2,))]
    optimizer.apply(zeros, [kernel, bias])
    np.testing.assert_allclose(kernel.numpy(), [[0.95, -1.9]], rtol=1e-6)
    np.testing.assert_allclose(bias.numpy(), [0.5, 0.25], rtol=1e-6)


def test_the_backbone_learns_at_its_own_rate():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="stage1"),
                              keras.layers.Dense(2, name="logits")])
    before = [v.numpy().copy() for v in model.trainable_variables]
    optimizer = SGD(1.0, backbone_rate=0.25, full_rate=("logits",))
    optimizer.apply([keras.ops.ones(v.shape) for v in model.trainable_variables], model.trainable_variables)
    moved = [float(np.mean(old - new.numpy())) for old, new in zip(before, model.trainable_variables)]
    assert moved == pytest.approx([0.25, 0.25, 1.0, 1.0], rel=1e-5)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_recipe_decides_everything(name):
    recipe = find_recipe("demo", [f"optimizer.name={name}", "optimizer.clip_norm=2", "optimizer.accumulate=4",
                                  "optimizer.ema=0.9", "optimizer.weight_decay=0.3"])
    optimizer = make_optimizer(recipe, EpochSizes.alike(10, 4))
    assert optimizer.global_clipnorm == 2
    assert optimizer.gradient_accumulation_steps == 4
    assert optimizer.ema_momentum ** 4 == pytest.approx(0.9)
    assert optimizer.kernel_decay == 0.3
    again = type(optimizer).from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_accumulated_batches_make_the_update_of_their_mean(name):
    """Three batches are one update of the clipped mean; decay and averages count updates, not batches."""
    settings = [f"optimizer.name={name}", "optimizer.clip_norm=0.5", "optimizer.weight_decay=0.1", "optimizer.ema=0.9",
                "optimizer.rate=0.1", "schedule.decay=constant", "schedule.warmup_epochs=0"]
    rng = np.random.default_rng(0)
    gradients = [[rng.normal(size=(1, 2)).astype("float32"), rng.normal(size=2).astype("float32")] for _ in range(6)]
    slow, fast = variables(), variables()
    piecewise = make_optimizer(find_recipe("demo", [*settings, "optimizer.accumulate=3"]), EpochSizes.alike(6, 4))
    whole = make_optimizer(find_recipe("demo", settings), EpochSizes.alike(2, 12))
    for index, gradient in enumerate(gradients):
        before = [v.numpy().copy() for v in slow]
        piecewise.apply([keras.ops.convert_to_tensor(g) for g in gradient], list(slow))
        if index % 3 < 2:
            for variable, old in zip(slow, before):
                np.testing.assert_array_equal(variable.numpy(), old)
        else:
            mean = [np.mean(parts, axis=0) for parts in zip(*gradients[index - 2:index + 1])]
            assert np.sqrt(sum((part ** 2).sum() for part in mean)) > 0.5
            whole.apply([keras.ops.convert_to_tensor(part) for part in mean], list(fast))
            for mine, other in zip(slow, fast):
                np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-5)
    for _ in range(2):
        piecewise.apply([keras.ops.zeros(v.shape) for v in slow], list(slow))
    for mine, other in zip(*(o._model_variables_moving_average for o in (piecewise, whole))):
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-5)


def test_averages_are_looked_at_and_put_back():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(SGD(0.5, use_ema=True, ema_momentum=0.5), "mse")
    x, y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")
    values = []
    for _ in range(3):
        model.train_on_batch(x, y)
        values.append(model.get_weights()[0])
    average = values[0]
    for value in values[1:]:
        average = 0.5 * average + 0.5 * value
    with averaged_weights(model):
        np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-6)
    np.testing.assert_array_equal(model.get_weights()[0], values[-1])
    model.optimizer.finalize_variable_values(model.trainable_variables)
    np.testing.assert_array_equal(model.get_weights()[0], values[-1])


def test_without_averages_nothing_is_touched():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(SGD(0.5), "mse")
    before = model.get_weights()[0]
    with averaged_weights(model):
        np.testing.assert_array_equal(model.get_weights()[0], before)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_averages_that_ramp_hold_little_of_the_beginning(accumulate):
    settings = ["optimizer.ema=0.9", "optimizer.ema_ramp=true", f"optimizer.accumulate={accumulate}",
                "optimizer.rate=0.1", "schedule.decay=constant", "schedule.warmup_epochs=0"]
    optimizer = make_optimizer(find_recipe("demo", settings), EpochSizes.alike(10, 4))
    again = type(optimizer).from_config(optimizer.get_config())
    assert again.ema_ramp
    kernel, bias = variables()
    expected = kernel.numpy()
    for step in range(12 * accumulate):
        optimizer.apply([keras.ops.ones((1, 2)), keras.ops.ones((2,))], [kernel, bias])
        updates = step // accumulate
        kept = min(0.9 ** (1 / accumulate), ((1 + updates) / (10 + updates)) ** (1 / accumulate)) if updates else 0.0
        expected = kept * expected + (1 - kept) * kernel.numpy()
    np.testing.assert_allclose(optimizer._model_variables_moving_average[0].numpy(), expected, rtol=1e-4)


def test_adam_forgets_as_the_recipe_says():
    assert make_optimizer(find_recipe("demo", ["optimizer.beta_2=0.99"]), EpochSizes.alike(10, 4)).beta_2 == 0.99
