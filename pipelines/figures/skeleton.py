"""From poses to joints: a body of random proportions that stands on the floor."""

import numpy as np

from pipelines.figures.poses import PARTS

LENGTHS = {"thigh": 0.26, "shin": 0.25, "trunk": 0.30, "arm": 0.17, "forearm": 0.16, "hip": 0.075, "shoulder": 0.11,
           "head": 0.11, "foot": 0.07}
JOINTS = ("pelvis", "neck", "head", "right shoulder", "right elbow", "right hand", "left shoulder", "left elbow",
          "left hand", "right hip", "right knee", "right ankle", "right toe", "left hip", "left knee", "left ankle",
          "left toe")


def body(draw):
    """Lengths of limbs, in heights, of one person."""
    return {name: length * draw.uniform(0.9, 1.1) for name, length in LENGTHS.items()}


def joints(poses, lengths):
    """Where the joints of a body are in poses.

    Args:
        poses: float64 (frames, 25), see `poses.PARTS`.
        lengths: dict, as of `body`.

    Returns: float64 (frames, 17, 3), heights: toward where the figure looks at first, to its left, up; the lowest joint
        is on the floor unless the figure jumps.
    """
    part = {name: poses[:, where].T if where.stop - where.start > 1 else poses[:, where.start]
            for name, where in PARTS.items()}
    nothing = np.zeros(len(poses))
    lean, tilt, twist = part["lean"], part["tilt"], part["twist"]
    along = _unit(np.sin(lean) * np.cos(tilt), np.sin(tilt), np.cos(lean) * np.cos(tilt))
    across = _unit(-np.sin(twist), np.cos(twist), nothing)
    at = {"pelvis": np.zeros((len(poses), 3))}
    at["neck"] = along * lengths["trunk"]
    at["head"] = at["neck"] + _unit(*(along + np.array((0.05, 0, 0.3))).T) * lengths["head"]
    for side, sign in (("right", -1), ("left", 1)):
        at[f"{side} shoulder"] = at["neck"] + sign * across * lengths["shoulder"] - along * 0.02
        arm, forearm = (_turned(part[f"{side}_{limb}"], sign, twist, lean / 2) for limb in ("arm", "forearm"))
        at[f"{side} elbow"] = at[f"{side} shoulder"] + lengths["arm"] * arm
        at[f"{side} hand"] = at[f"{side} elbow"] + lengths["forearm"] * forearm
        hip, spread = part[f"{side}_hip"], part[f"{side}_spread"]
        bent = hip - np.maximum(part[f"{side}_knee"], 0)
        at[f"{side} hip"] = np.broadcast_to((0, sign * lengths["hip"], 0), (len(poses), 3))
        at[f"{side} knee"] = at[f"{side} hip"] + lengths["thigh"] * _leg(hip, spread, sign)
        at[f"{side} ankle"] = at[f"{side} knee"] + lengths["shin"] * _leg(bent, spread, sign)
        toe = _unit(np.cos(bent), nothing, 0.6 * np.sin(bent) - 0.2)
        at[f"{side} toe"] = at[f"{side} ankle"] + lengths["foot"] * toe
    where = np.stack([at[name] for name in JOINTS], axis=1)
    where[..., 2] += np.maximum(part["lift"], 0)[:, None] - where[..., 2].min(axis=1, keepdims=True)
    where[..., 0] += part["back"][:, None]
    where = turned_about_up(where, part["turn"][:, None])
    where[..., 0] += part["way"][:, None]
    return where


def turned_about_up(points, angle):
    """Points (..., 3) turned by `angle` about the vertical."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z + 0 * angle], -1)


def _unit(x, y, z):
    vector = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-6)


def _turned(direction, sign, twist, lean):
    """A direction in the body's frame, in the world's: the arms follow the trunk's twist and half of its lean."""
    forward, outward, up = direction / np.maximum(np.linalg.norm(direction, axis=0), 1e-6)
    x, y, z = np.moveaxis(turned_about_up(np.stack([forward, sign * outward, up], -1), twist), -1, 0)
    return np.stack([x * np.cos(lean) + z * np.sin(lean), y, z * np.cos(lean) - x * np.sin(lean)], -1)


def _leg(angle, spread, sign):
    return _unit(np.sin(angle) * np.cos(spread), sign * np.sin(spread), -np.cos(angle) * np.cos(spread))
