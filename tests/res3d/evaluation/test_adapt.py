"""The same weights for clips of another size."""

import numpy as np
import pytest

import res3d
from res3d.evaluation.adapt import at_shape

CLIP = res3d.ClipSpec(frames=4, height=32, width=32, resize=36)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["r3d_10", "resnet_10"])
def test_a_larger_crop_has_the_same_weights_and_its_own_answer(name):
    model = res3d.build(name, 3, CLIP, width=0.125)
    wide = at_shape(model, CLIP.replace(height=36, width=36, resize=36))
    assert wide.input_shape == (None, 4, 36, 36, 3)
    assert res3d.clip_of(wide).height == 36
    for mine, other in zip(model.get_weights(), wide.get_weights()):
        np.testing.assert_array_equal(mine, other)
    built = res3d.build(name, 3, CLIP.replace(height=36, width=36, resize=36), width=0.125)
    built.set_weights(model.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 36, 36, 3), "uint8")
    np.testing.assert_allclose(wide(pixels), built(pixels), rtol=1e-6, atol=1e-6)


def test_the_same_size_is_the_same_model():
    model = res3d.build("r3d_10", 3, CLIP, width=0.125)
    assert at_shape(model, CLIP) is model


def test_any_number_of_frames():
    model = res3d.build("r3d_10", 3, CLIP, width=0.125)
    whole = at_shape(model, CLIP, frames=False)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 9, 32, 32, 3), "uint8")
    assert whole(pixels).shape == (1, 3)
    np.testing.assert_allclose(whole(pixels[:, :4]), model(pixels[:, :4]), rtol=1e-5, atol=1e-5)
