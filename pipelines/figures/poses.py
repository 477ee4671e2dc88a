"""The pose of a figure as one vector of numbers, and movement from pose to pose.

Angles are radians. A direction is (forward, outward, up) in the body's frame, of any length. Lengths are parts of a
figure's height.
"""

import numpy as np

PARTS = {name: slice(start, start + size) for name, start, size in (
    ("lean", 0, 1), ("tilt", 1, 1), ("twist", 2, 1),  # of the trunk: forward, sideways, about its axis
    ("right_arm", 3, 3), ("right_forearm", 6, 3), ("left_arm", 9, 3), ("left_forearm", 12, 3),
    ("right_hip", 15, 1), ("right_spread", 16, 1), ("right_knee", 17, 1),
    ("left_hip", 18, 1), ("left_spread", 19, 1), ("left_knee", 20, 1),
    ("way", 21, 1), ("back", 22, 1), ("turn", 23, 1), ("lift", 24, 1),  # where the whole figure is
)}
SIZE = 25
SHORT = {"arms": ("right_arm", "left_arm"), "forearms": ("right_forearm", "left_forearm"),
         "hips": ("right_hip", "left_hip"), "knees": ("right_knee", "left_knee"),
         "spreads": ("right_spread", "left_spread")}


def pose(**parts):
    """A pose: standing at ease but for `parts`, each a number or three; `arms`, `hips` and so on are both sides.

    >>> pose(arms=(0, 1, 0))[PARTS["left_arm"]].tolist(), pose(lean=0.5)[:1].tolist()
    ([0.0, 1.0, 0.0], [0.5])
    """
    values = np.zeros(SIZE)
    for name, value in (AT_EASE | parts).items():
        for one in SHORT.get(name, (name,)):
            values[PARTS[one]] = value
    return values


AT_EASE = {"arms": (0.05, 0.12, -1), "forearms": (0.25, 0.05, -1), "hips": 0.03, "spreads": 0.06, "knees": 0.05}


def between(times, poses, at):
    """Poses at the times `at`, eased from one of `poses` to the next: float64 (len(at), SIZE).

    Args:
        times: rising floats (n,), when the poses are reached.
        poses: (n, SIZE).
        at: floats (m,); before the first and after the last of `times` the figure stands still.

    >>> between([0, 1], np.stack([pose(), pose(lean=1)]), [0, 0.5, 1, 2])[:, 0].tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    times, poses, at = np.asarray(times, float), np.asarray(poses), np.asarray(at, float)
    before = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    step = np.maximum(times[before + 1] - times[before], 1e-6)
    done = np.clip((at - times[before]) / step, 0, 1)
    done = (done * done * (3 - 2 * done))[:, None]
    return poses[before] * (1 - done) + poses[before + 1] * done
