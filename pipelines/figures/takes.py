"""A motion in time: what a figure does in every frame of a clip, with the pauses and the fidgeting of people."""

import numpy as np

from pipelines.figures.poses import PARTS, SIZE, between

SECONDS = (1.8, 4.6)
FIDGET = 0.04  # of angles and directions
TRAVEL = 1.6  # heights a figure that walks goes at most


def perform(motion, frames, draw):
    """The poses of a figure that performs `motion`, alone or again and again, in one frame of each part of a video.

    Args:
        motion: a Motion.
        frames: int.
        draw: a NumPy generator.

    Returns: float64 (frames, 25).
    """
    length = draw.uniform(*SECONDS)
    at = (np.arange(frames) + draw.random(frames)) / frames * length
    times, poses, seconds = motion.take(draw)
    begins = draw.uniform(0, np.clip(length - seconds, 0.05, 0.8))
    done = between(times, poses, np.zeros(frames))
    while begins < length:
        now = at >= begins
        share = np.clip((at[now] - begins) / seconds, 0, 1)
        share = np.clip(share + 0.08 * draw.normal() * np.sin(np.pi * share), 0, 1)  # never twice at the same pace
        done[now] = between(times, poses, share)
        begins += seconds + (0 if motion.goes else draw.uniform(0, 0.3))
        if motion.once or (not motion.goes and draw.random() < 0.35):
            break
    if motion.goes:
        done[:, PARTS["way"]] += (np.linspace(-0.5, 0.5, frames) * draw.choice([0, draw.uniform(0.3, TRAVEL)]))[:, None]
    moved = slice(0, PARTS["way"].start)
    done[:, moved] += np.stack([wandering(frames, FIDGET, draw) for _ in range(SIZE)[moved]], axis=1)
    return done


def wandering(frames, size, draw, every=6):
    """A number that wanders about 0, one a frame: float64 (frames,)."""
    knots = frames // every + 2
    return np.interp(np.linspace(0, knots - 1, frames), np.arange(knots), draw.normal(0, size, knots))
