import numpy as np
import pytest

from pipelines.figures.motions import MOTIONS, Motion, invented
from pipelines.figures.poses import PARTS, pose


def draw(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", MOTIONS)
def test_every_motion_rises_in_time_and_differs_from_person_to_person(name):
    times, poses, seconds = MOTIONS[name].take(draw())
    again = MOTIONS[name].take(draw())
    other = MOTIONS[name].take(draw(1))
    assert times[0] == 0
    assert times[-1] == pytest.approx(1)
    assert (np.diff(times) > 0).all()
    assert len(times) == len(poses)
    assert np.isfinite(poses).all()
    assert seconds > 0.3
    assert np.array_equal(poses, again[1])
    assert seconds == again[2]
    assert other[2] != seconds


@pytest.mark.parametrize(("end", "first", "last", "count"), [
    ("rest", 0, 0, 4), ("stay", 0, 2, 3), ("cycle", 1, 1, 3), ("free", 1, 2, 2)])
def test_where_a_motion_begins_and_ends(end, first, last, count):
    leans = {0: 0.0, 1: 0.5, 2: 1.0}
    _, poses, _ = Motion((1, 1), ({"lean": 0.5}, {"lean": 1.0}), end=end).take(draw())
    assert len(poses) == count
    assert (poses[0, 0], poses[-1, 0]) == (leans[first], leans[last])


def test_stages_from_the_first_repeated_one_are_done_again():
    _, poses, seconds = Motion((1, 1), ({"lean": 0.2}, {"lean": 0.4}), times=(3, 3), first=1, end="free").take(draw())
    assert poses[:, 0].tolist() == [0.2, 0.4, 0.4, 0.4]
    assert seconds == pytest.approx(1 + 0.6 * 2)


def test_sitting_down_and_standing_up_are_each_other_backwards():
    hips = PARTS["right_hip"]
    down, up = MOTIONS["sit down"].take(draw())[1], MOTIONS["stand up"].take(draw())[1]
    assert down[0, hips] == pose()[hips] == up[-1, hips]
    assert down[-1, hips] > 1.1
    assert up[0, hips] > 1.1


def test_a_walk_moves_the_legs_against_each_other():
    poses = MOTIONS["walk"].take(draw())[1]
    right, left = poses[:, PARTS["right_hip"]].ravel(), poses[:, PARTS["left_hip"]].ravel()
    assert np.allclose(right, -left)
    assert np.ptp(right) == pytest.approx(1.0)


def test_invented_motions_are_many():
    kinds = {frozenset(name for stage in invented(number).stages for name in stage) for number in range(60)}
    assert len(kinds) > 6
    assert len({invented(number).seconds for number in range(60)}) == 60
