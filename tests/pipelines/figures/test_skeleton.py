import numpy as np
import pytest

from pipelines.figures.poses import pose
from pipelines.figures.skeleton import JOINTS, LENGTHS, body, joints


def where(**parts):
    points = joints(pose(**parts)[None], LENGTHS)[0]
    return dict(zip(JOINTS, points))


def test_a_figure_at_ease_stands_on_the_floor_head_up():
    at = where()
    assert min(point[2] for point in at.values()) == 0
    assert at["head"][2] > at["neck"][2] > at["pelvis"][2] > at["right knee"][2] > at["right ankle"][2]
    assert 0.8 < at["head"][2] < 1.05
    assert at["left hand"][1] == pytest.approx(-at["right hand"][1])
    assert at["left hand"][1] > 0


@pytest.mark.parametrize(("direction", "axis", "sign"), [((1, 0, 0), 0, 1), ((0, 1, 0), 1, -1), ((0, 0, 1), 2, 1)])
def test_the_right_arm_goes_where_it_points(direction, axis, sign):
    at = where(right_arm=direction, right_forearm=direction)
    along = at["right hand"] - at["right shoulder"]
    assert along[axis] == pytest.approx(sign * (LENGTHS["arm"] + LENGTHS["forearm"]))
    assert np.delete(along, axis) == pytest.approx([0, 0])


def test_limbs_keep_their_lengths_in_every_pose():
    lengths = body(np.random.default_rng(3))
    poses = np.random.default_rng(4).normal(0, 1, (50, 25))
    points = joints(poses, lengths)
    for start, end, limb in (("right shoulder", "right elbow", "arm"), ("left elbow", "left hand", "forearm"),
                             ("right hip", "right knee", "thigh"), ("left knee", "left ankle", "shin"),
                             ("pelvis", "neck", "trunk")):
        gap = points[:, JOINTS.index(end)] - points[:, JOINTS.index(start)]
        assert np.linalg.norm(gap, axis=-1) == pytest.approx(np.full(50, lengths[limb]))


def test_a_jump_leaves_the_floor_and_a_turn_looks_back():
    assert min(point[2] for point in where(lift=0.3).values()) == pytest.approx(0.3)
    ahead, back = where(right_arm=(1, 0, 0)), where(right_arm=(1, 0, 0), turn=np.pi)
    assert back["right elbow"][:2] == pytest.approx(-ahead["right elbow"][:2])
