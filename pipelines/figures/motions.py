"""What figures do: a table of everyday motions, and motions invented from a number."""

import dataclasses

import numpy as np

from pipelines.figures.poses import pose

JITTER = 0.18  # how far a direction differs from person to person


@dataclasses.dataclass(frozen=True)
class Motion:
    """One kind of motion; every person performs it in another way.

    Args:
        seconds: (low, high), how long it takes, each repeat counted.
        stages: dicts of the parts of a pose, one after another: a direction, which varies about what is given; a
            number; or (low, high) to draw from.
        times: (low, high), how often the stages from `first` on are repeated; both ends may be drawn.
        first: int.
        end: "rest" comes from standing at ease and goes back to it, "stay" comes from it and keeps the last stage,
            "cycle" goes round the stages, "free" goes through them.
        goes: whether takes follow each other without a pause, as steps do.
        once: whether it is not done again before it was undone, as sitting down.
    """

    seconds: tuple[float, float]
    stages: tuple[dict, ...]
    times: tuple[int, int] = (1, 1)
    first: int = 0
    end: str = "rest"
    goes: bool = False
    once: bool = False

    def take(self, draw):
        """(times in 0..1, poses, seconds) of one performance, drawn from the NumPy generator `draw`."""
        drawn = [pose(**{name: _value(value, draw) for name, value in stage.items()}) for stage in self.stages]
        times = int(draw.integers(self.times[0], self.times[1] + 1))
        poses = drawn[: self.first] + drawn[self.first:] * times
        if self.end in ("rest", "stay"):
            poses = [pose(), *poses]
        if self.end in ("rest", "cycle"):
            poses.append(poses[0])
        gaps = draw.uniform(0.7, 1.3, len(poses) - 1)
        reached = np.concatenate([[0], np.cumsum(gaps)]) / gaps.sum()
        return reached, np.stack(poses), draw.uniform(*self.seconds) * (1 + 0.6 * (times - 1))


def _value(value, draw):
    if np.ndim(value) == 0:
        return value
    return draw.uniform(*value) if len(value) == 2 else np.asarray(value) + draw.normal(0, JITTER, 3)


def _right(arm, forearm, **rest):
    return {"right_arm": arm, "right_forearm": forearm, **rest}


def _both(arms, forearms, **rest):
    return {"arms": arms, "forearms": forearms, **rest}


def _circle(**rest):
    """Eight points of a circle that the hand draws in the air."""
    turns = np.arange(8) * np.pi / 4
    return tuple(_right((0.6, 0.1 + 0.5 * np.cos(turn), -0.25 + 0.5 * np.sin(turn)),
                        (0.75, 0.1 + 0.6 * np.cos(turn), 0.6 * np.sin(turn)), **rest) for turn in turns)


def _steps(swing, knee, run):
    """Four moments of two steps; `run` lifts the forearms and the feet."""
    def moment(sine, cosine):
        return {"right_hip": swing * sine + 0.3 * run, "left_hip": -swing * sine + 0.3 * run,
                "right_knee": 0.1 + knee * max(0, cosine) + 0.3 * run,
                "left_knee": 0.1 + knee * max(0, -cosine) + 0.3 * run,
                "right_arm": (-0.8 * swing * sine, 0.12, -1), "left_arm": (0.8 * swing * sine, 0.12, -1),
                "right_forearm": (-0.6 * swing * sine + 0.2 + run, 0, 0.9 * run - 1),
                "left_forearm": (0.6 * swing * sine + 0.2 + run, 0, 0.9 * run - 1),
                "lean": 0.05 + 0.1 * run, "lift": 0.06 * run * abs(sine)}
    return tuple(moment(sine, cosine) for sine, cosine in ((0, 1), (1, 0), (0, -1), (-1, 0)))


_SEATED = {"hips": (1.2, 1.6), "knees": (1.2, 1.6), "lean": (-0.1, 0.2), "back": (-0.45, -0.2),
           **_both((0.4, 0.1, -0.8), (0.8, -0.1, -0.3))}
_RISING = {"hips": 0.8, "knees": 0.9, "lean": (0.3, 0.8), "back": -0.15, **_both((0.4, 0.2, -0.8), (0.6, 0.1, -0.7))}
_CROUCH = {"hips": 0.7, "knees": 1.1, "lean": 0.3, **_both((-0.4, 0.2, -0.8), (-0.2, 0.2, -0.9))}
_GUARD = _right((-0.5, 0.3, -0.7), (0.8, 0, 0.3), twist=(-0.6, 0), left_arm=(0.3, 0.3, -0.8),
                left_forearm=(0.7, -0.2, 0.4))

MOTIONS = {
    "wave a hand": Motion((1.0, 1.6), (_right((0.2, 0.5, 0.6), (0.1, 0.9, 0.8)),
                                       _right((0.2, 0.5, 0.6), (0.2, -0.6, 0.9))), (1, 4)),
    "wave low": Motion((1.0, 1.6), (_right((0.3, 0.6, -0.2), (0.1, 0.9, 0.8)),
                                    _right((0.3, 0.6, -0.2), (0.2, -0.6, 0.9))), (1, 4)),
    "wave both": Motion((1.0, 1.8), (_both((0.1, 0.8, 0.7), (0.1, 0.5, 1)), _both((0.1, 1, -0.1), (0.1, 1, 0.3))),
                        (1, 3)),
    "clap": Motion((0.7, 1.2), (_both((0.5, 0.6, -0.4), (0.8, 0.5, 0.2)), _both((0.5, 0.2, -0.4), (0.9, -0.35, 0.2))),
                   (1, 4)),
    "clap overhead": Motion((0.8, 1.4), (_both((0.2, 0.9, 0.3), (0.1, 0.7, 0.8)),
                                         _both((0.3, 0.3, 0.9), (0.2, -0.3, 1))), (1, 4)),
    "circle": Motion((1.1, 2.4), _circle()),
    "circle both": Motion((1.1, 2.4), tuple({"arms": stage["right_arm"], "forearms": stage["right_forearm"]}
                                            for stage in _circle())),
    "punch": Motion((0.7, 1.3), (_GUARD, _right((1, 0, 0.1), (1, 0, 0.1), twist=(0, 0.6), lean=(0, 0.2), way=(0, 0.15)),
                                 _GUARD), (1, 2)),
    "hook": Motion((0.7, 1.3), (_right((-0.3, 0.6, -0.3), (0.7, 0.3, 0.2), twist=(-0.5, 0)),
                                _right((0.3, 0.95, 0.1), (0.3, 0.95, 0.1), twist=(0, 0.5))), (1, 2)),
    "throw": Motion((0.9, 1.8), (_right((-0.4, 0.7, 0.4), (-0.7, 0.1, 0.8), twist=(-0.6, -0.1), lean=(-0.2, 0)),
                                 _right((0.3, 0.4, 0.9), (0.5, 0.1, 1)),
                                 _right((0.9, 0, -0.2), (0.8, -0.2, -0.5), twist=(0.1, 0.5), lean=(0.1, 0.5)))),
    "throw underarm": Motion((0.9, 1.8), (_right((-0.8, 0.2, -0.5), (-0.7, 0.1, -0.6), lean=(0, 0.3)),
                                          _right((0.9, 0, 0.2), (0.8, 0, 0.5), lean=(0, 0.3), way=0.15))),
    "forehand": Motion((0.9, 1.8), (_right((-0.3, 0.9, 0), (-0.4, 0.9, 0.2), twist=(-0.8, -0.2)),
                                    _right((0.8, -0.3, 0.2), (0.3, -0.9, 0.4), twist=(0.3, 0.9), way=(0, 0.15)))),
    "backhand": Motion((0.9, 1.8), (_right((0.7, -0.4, 0), (0.1, -0.9, 0.2), twist=(0.2, 0.8)),
                                    _right((0.1, 0.95, 0.2), (-0.1, 0.95, 0.4), twist=(-0.8, -0.2)))),
    "golf": Motion((1.1, 2.2), (
        _both((0.6, -0.1, -0.8), (0.5, -0.2, -0.9), lean=0.4),
        _right((0.3, 0.6, 0.2), (0.1, 0.7, 0.6), left_arm=(0.7, -0.6, 0.1), left_forearm=(0.2, -0.9, 0.6),
               twist=(-0.9, -0.3), lean=0.25),
        _both((0.6, -0.1, -0.8), (0.5, -0.2, -0.9), lean=0.4),
        _right((0.7, -0.6, 0.2), (0.2, -0.9, 0.7), left_arm=(0.3, 0.6, 0.2), left_forearm=(0.1, 0.7, 0.7),
               twist=(0.4, 1.0), lean=0.1))),
    "hammer": Motion((0.7, 1.3), (_right((0.4, 0.4, 0.7), (-0.1, 0.2, 0.9)),
                                  _right((0.8, 0.2, -0.2), (0.8, 0, -0.4), lean=(0, 0.3))), (1, 3)),
    "catch": Motion((0.8, 1.8), (_right((0.7, 0.2, 0.6), (0.7, 0.1, 0.8)),)),
    "draw a cross": Motion((1.0, 2.4), tuple(_right((0.6, 0.3 * side, 0.4 * up - 0.2), (0.75, 0.4 * side, 0.5 * up))
                                             for side, up in ((1, 1), (-1, -1), (-1, 1), (1, -1)))),
    "draw a tick": Motion((0.9, 2.0), tuple(_right((0.6, 0.3 * side, 0.4 * up - 0.2), (0.75, 0.4 * side, 0.5 * up))
                                            for side, up in ((1, 0), (0.3, -0.7), (-1, 0.9)))),
    "kick": Motion((0.8, 1.6), ({"right_hip": (-0.6, -0.1), "right_knee": (0.3, 1.0)},
                                {"right_hip": (0.7, 1.5), "right_knee": (0, 0.35), "lean": (-0.35, 0),
                                 "left_arm": (0.4, 0.4, -0.8)})),
    "kick sideways": Motion((0.8, 1.6), ({"right_hip": (0.2, 0.8), "right_knee": (0.5, 1.4), "arms": (0.1, 0.5, -0.8)},
                                         {"right_spread": (0.6, 1.3), "right_hip": (0, 0.5), "right_knee": (0, 0.3),
                                          "tilt": (-0.5, -0.1), "arms": (0.1, 0.5, -0.8)})),
    "bend": Motion((1.2, 3.0), ({"lean": (0.6, 1.7), "arms": (0.4, 0.1, -1), "forearms": (0.4, 0, -1), "hips": (0, 0.3),
                                 "knees": (0, 0.5)},)),
    "sit down": Motion((0.9, 2.4), (_RISING, _SEATED), end="stay", once=True),
    "stand up": Motion((0.9, 2.4), (_SEATED, _RISING, {}), end="free", once=True),
    "squat": Motion((1.0, 1.6), ({"hips": (1.0, 2.0), "knees": (1.2, 2.2), "lean": (0.1, 0.6),
                                  "arms": (0.6, 0.1, -0.5)},)),
    "walk": Motion((0.9, 1.5), _steps(0.5, 0.6, 0), (2, 4), end="cycle", goes=True),
    "run": Motion((0.55, 0.85), _steps(0.6, 1.3, 1), (2, 4), end="cycle", goes=True),
    "jump": Motion((0.8, 1.3), (_CROUCH, {"lift": (0.2, 0.5), **_both((0.4, 0.4, 0.8), (0.4, 0.2, 1))}, _CROUCH),
                   (1, 2)),
    "jumping jack": Motion((0.6, 1.1), ({"spreads": 0.45, "lift": 0.1, **_both((0.1, 0.5, 0.9), (0.1, 0.1, 1))}, {}),
                           (1, 4)),
    "push": Motion((0.9, 2.0), (_both((-0.2, 0.4, -0.7), (0.8, -0.1, 0.3)),
                                _both((1, 0.1, 0.1), (1, 0, 0.1), lean=(0.1, 0.5), way=0.2))),
    "pull": Motion((0.9, 2.0), (_both((1, 0.1, 0), (1, 0, 0), lean=(0.1, 0.4)),
                                _both((-0.4, 0.4, -0.7), (0.8, -0.1, 0.2), lean=-0.2))),
    "lift": Motion((1.4, 2.8), (_both((0.4, 0, -1), (0.5, 0, -1), lean=1.1, hips=0.4, knees=0.7),
                                _both((0.5, 0.2, 0.7), (0.3, 0, 1)))),
    "drink": Motion((1.2, 2.8), (_right((0.5, 0.4, -0.4), (-0.1, -0.4, 0.9)),)),
    "point": Motion((1.0, 2.4), (_right((0.9, 0.3, 0.1), (0.9, 0.3, 0.15)),)),
    "cross the arms": Motion((1.0, 2.2), (_both((0.5, 0.1, -0.6), (0.5, -0.9, 0.1)),)),
    "turn around": Motion((0.9, 2.0), ({"turn": (0.6, 1.6), "right_hip": 0.3, "right_knee": 0.5}, {"turn": (1.6, 3.2)}),
                          end="stay", once=True),
    "collapse": Motion((0.7, 1.6), ({"lean": (0.2, 0.6), "hips": 0.7, "knees": 1.2},
                                    {"lean": (0.8, 1.5), "hips": (1.2, 1.6), "knees": (2.0, 2.5),
                                     **_both((0.6, 0.3, -0.5), (0.7, 0.2, -0.4))}), end="stay", once=True),
    "stretch": Motion((1.3, 3.0), (_both((0, 0.3, 1), (0, 0.1, 1), lean=(-0.3, 0)),)),
    "bend sideways": Motion((1.2, 2.6), ({"tilt": (0.3, 0.8)},)),
    "shrug": Motion((0.8, 1.8), (_both((0.1, 0.5, -0.7), (0.6, 0.6, 0.3)),)),
    "kneel": Motion((1.2, 2.6), ({"right_hip": 1.3, "right_knee": 1.4, "left_hip": 0.1, "left_knee": 1.6,
                                  "lean": (0, 0.3)},), end="stay", once=True),
    "scratch the head": Motion((0.9, 1.6), (_right((0.3, 0.6, 0.3), (-0.2, -0.6, 0.8)),
                                            _right((0.3, 0.6, 0.2), (-0.1, -0.6, 0.9))), (1, 3)),
}

_MOVED = ("right arm", "right arm", "right arm", "both arms", "both arms", "by turns", "leg", "trunk", "arm and leg",
          "arms and trunk", "arm and trunk", "crouch")


def invented(number):
    """The motion that no-one named, of a number: poses of some limbs in an order; the same number, the same motion.

    >>> invented(7) == invented(7), invented(7) == invented(8)
    (True, False)
    """
    draw = np.random.default_rng((10_000, number))
    moved = str(draw.choice(_MOVED))
    stages = tuple(_stage(moved, turn, draw) for turn in range(int(draw.integers(1, 4))))
    times = int(draw.choice([1, 1, 1, 2, 3]))
    seconds = float(draw.uniform(0.7, 2.2))
    return Motion((0.75 * seconds, 1.35 * seconds), stages, (times, times))


def _stage(moved, turn, draw):
    def arm():
        upper = draw.uniform((-0.3, -0.3, -1), (1, 1, 1))
        return tuple(upper), tuple(0.6 * upper + 0.7 * draw.uniform((-0.3, -0.3, -1), (1, 1, 1)))

    def about(low, high, spread):
        value = draw.uniform(low, high)
        return value - spread, value + spread

    stage = {}
    if moved.startswith(("right", "arm ")):
        stage |= _right(*arm())
    elif moved in ("both arms", "arms and trunk"):
        stage |= _both(*arm())
    elif moved == "by turns":
        stage |= dict(zip(("left_arm", "left_forearm") if turn % 2 else ("right_arm", "right_forearm"), arm()))
    if "leg" in moved:
        stage |= {"right_hip": about(-0.5, 1.4, 0.15), "right_spread": about(0, 0.9, 0.1),
                  "right_knee": about(0, 1.4, 0.15)}
    if "trunk" in moved:
        stage |= {"lean": about(-0.3, 1.3, 0.15), "tilt": about(-0.5, 0.5, 0.1), "twist": about(-0.9, 0.9, 0.15)}
    if moved == "crouch":
        depth = draw.uniform(0.4, 1.6)
        stage |= {"hips": (0.8 * depth, 1.2 * depth), "knees": (0.9 * depth, 1.3 * depth), "lean": about(0, 0.7, 0.1)}
    return stage
