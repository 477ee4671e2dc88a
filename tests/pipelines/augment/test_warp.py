"""The warp of whole pictures, against NumPy's own sampling."""

import numpy as np
import pytest
import tensorflow as tf

from pipelines.augment import chain, random_flip, random_warp
from pipelines.augment.chaining import uniforms
from pipelines.dataset.training import training_clips
from res3d.geometry import ClipSpec


def ramp(frames=2, height=20, width=30):
    rows, columns = np.mgrid[:height, :width]
    frame = np.stack([rows * 10, columns * 8, rows * 5 + columns * 4], -1)
    return (frame[None] + np.arange(frames)[:, None, None, None]).astype("uint8")


def test_without_amounts_it_is_the_middle():
    clip = ramp()
    still = random_warp(12, 16, 0, 0, 0, 0, 0)(clip, (3, 4))
    np.testing.assert_array_equal(still, clip[:, 4:16, 7:23])


def test_places_move_as_the_draws_say():
    """A place of the picture, turned, sheared and scaled about the middle, is where the result shows it."""
    seed, clip = (5, 6), ramp(1, 24, 30)
    scale, aspect, rotation, shear, shift = 0.2, 0.1, 20.0, 0.2, 0.1
    moved = np.array(random_warp(24, 30, scale, aspect, rotation, shear, shift)(clip, seed))[0].astype(float)
    u = [2 * float(draw) - 1 for draw in uniforms(seed, 6)]
    turn = np.deg2rad(rotation * u[2])
    across, down = np.exp(scale * u[0] + aspect * u[1]), np.exp(scale * u[0] - aspect * u[1])
    matrix = np.array([[across, across * shear * u[3]], [0, down]]) @ [[np.cos(turn), -np.sin(turn)],
                                                                      [np.sin(turn), np.cos(turn)]]
    middle = np.array([14.5, 11.5])
    for place in ((8, 9), (14, 12), (20, 15)):  # x, y in the result
        x, y = np.linalg.inv(matrix) @ (place - middle) + middle + np.array([shift * u[4] * 30, shift * u[5] * 24])
        np.testing.assert_allclose(moved[place[1], place[0], :2], [y * 10, x * 8], atol=1)  # rounded to whole levels


def test_the_border_goes_on_outside():
    clip = np.full((1, 8, 8, 3), 200, "uint8")
    assert np.all(random_warp(8, 8, scale=1, rotation=45, shift=0.5)(clip, (1, 1)) == 200)


def test_frames_move_as_one_and_seeds_decide_in_a_graph_too():
    clip, step = ramp(3), random_warp(16, 20)
    moved = np.array(step(clip, (1, 2))).astype(int)
    assert np.all(np.abs(np.diff(moved, axis=0) - 1) <= 1)  # a level a frame, each rounded
    assert np.any(moved != np.array(step(clip, (1, 3))))
    dataset = tf.data.Dataset.from_tensors(clip).map(lambda frames: step(frames, (1, 2)))
    assert dataset.element_spec.shape == (3, 16, 20, 3)
    np.testing.assert_array_equal(next(iter(dataset)), moved)


@pytest.mark.slow
def test_at_the_head_of_a_chain_it_sees_whole_pictures(tmp_path):
    from pipelines import synthetic

    synthetic.write(tmp_path, train_per_class=1, val_per_class=1, frames=(8, 9))
    clip = ClipSpec(frames=4, stride=1, height=32, width=40)
    chained = chain(random_warp(32, 40), random_flip(0.0))
    clips, _ = next(iter(training_clips(tmp_path, clip, 2, split="train", augment=chained)))
    assert clips.shape == (2, 4, 32, 40, 3)


def test_amounts_are_not_negative():
    with pytest.raises(ValueError, match=r"`shear` must be 0 or more\. Received: shear=-1"):
        random_warp(8, shear=-1)
