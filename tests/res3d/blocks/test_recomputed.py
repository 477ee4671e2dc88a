"""Blocks that compute again give what they give otherwise: values, gradients, moving averages, and twice in a row."""

import keras
import numpy as np
import pytest

from res3d.blocks.basic import BasicBlock
from res3d.blocks.bottleneck import BottleneckBlock
from res3d.blocks.preactivation import PreactBasicBlock
from res3d.blocks.recomputed import recompute_blocks

BLOCKS = {"basic": lambda: BasicBlock(8, 2, strides=2), "bottleneck": lambda: BottleneckBlock(8, 2, squeeze=4),
          "preactivated": lambda: PreactBasicBlock(8, 2), "dropout": lambda: BasicBlock(8, 2, dropout=0.5)}


def trained(kind, recompute, steps=2):
    """Weights, moving averages among them, after a few steps of training: each a function of the gradients before."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 4))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(BLOCKS[kind]()(inputs)))
    assert recompute_blocks(model, recompute) == 1
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=False)
    rng = np.random.default_rng(0)
    clips, targets = rng.normal(size=(4, 6, 6, 4)).astype("float32"), rng.normal(size=(4, 8)).astype("float32")
    losses = [model.train_on_batch(clips, targets) for _ in range(steps)]
    return losses, {variable.path: np.array(variable) for variable in model.weights}, model


@pytest.mark.slow
@pytest.mark.parametrize("kind", BLOCKS)
def test_training_is_the_same(kind):
    losses, expected, _ = trained(kind, False)
    again, found, model = trained(kind, True)
    np.testing.assert_allclose(again, losses, rtol=1e-5)
    for (path, value), other in zip(expected.items(), found.values(), strict=True):
        np.testing.assert_allclose(other, value, rtol=1e-4, atol=1e-5, err_msg=path)  # float32, other order of sums
    assert any("moving" in path and value.any() for path, value in found.items())
    assert "recompute" not in str(model.get_config())


def test_what_lies_in_a_block_is_run_twice_in_a_step(monkeypatch):
    calls = []
    monkeypatch.setattr(BasicBlock, "_run", lambda self, *args, real=BasicBlock._run: (
        calls.append(self.repeating), real(self, *args))[1])
    for recompute, expected in ((False, [False]), (True, [True, True])):
        calls.clear()
        trained("basic", recompute, 1)
        assert calls == expected  # traced for the forward pass, and again for the backward one
