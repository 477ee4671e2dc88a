import numpy as np
import pytest

from pipelines.figures import CLASSES, MOTIONS, figure_clip


def test_a_clip_is_a_function_of_class_and_seed():
    clip = figure_clip(3, seed=(1, 2))
    assert clip.shape == (32, 60, 80, 3)
    assert clip.dtype == np.uint8
    assert np.array_equal(clip, figure_clip(3, seed=(1, 2)))
    assert not np.array_equal(clip, figure_clip(3, seed=(1, 3)))
    assert not np.array_equal(clip, figure_clip(4, seed=(1, 2)))
    assert (clip == clip[..., :1]).all()


def test_sizes_are_as_asked_for():
    assert figure_clip(0, 0, frames=8, height=32, width=48).shape == (8, 32, 48, 3)


@pytest.mark.parametrize("label", [CLASSES.index("jumping jack"), len(MOTIONS) + 5])
def test_figures_move(label):
    clips = np.stack([figure_clip(label, seed, frames=12, height=32, width=40)[..., 0] for seed in range(8)])
    change = np.abs(np.diff(clips.astype(int), axis=1))
    assert (change > 20).any(axis=(1, 2, 3)).all()
    assert np.median(change) < 15  # all but the figure stands still, but for noise


def test_one_frame_says_little_about_the_class():
    """The mean first frame of two classes lies as near as that of two halves of one."""
    def mean(label, seeds):
        return np.mean([figure_clip(label, (label, seed), 2, 24, 32)[0, ..., 0] for seed in seeds], axis=0)

    first, second = CLASSES.index("punch"), CLASSES.index("throw")
    within = np.abs(mean(first, range(60)) - mean(first, range(60, 120))).mean()
    across = np.abs(mean(first, range(60)) - mean(second, range(60))).mean()
    assert across < 1.5 * within


@pytest.mark.parametrize(("label", "frames"), [(-1, 32), (len(CLASSES), 32), (0, 1)])
def test_what_there_is_not(label, frames):
    with pytest.raises(ValueError, match=f"class of 0..{len(CLASSES) - 1}.*label={label}, frames={frames}"):
        figure_clip(label, 0, frames=frames)
