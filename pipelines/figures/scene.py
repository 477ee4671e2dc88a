"""Where a figure is filmed: a camera, a wall and a floor, and things that pass by or stand in the way."""

import dataclasses

import numpy as np

from pipelines.figures import canvas
from pipelines.figures.skeleton import turned_about_up
from pipelines.figures.takes import wandering

SIDE = 80  # degrees at most between the figure's front and the camera


@dataclasses.dataclass(frozen=True)
class Filmed:
    """A figure on film: `x`, `y` (frames, joints) pixels, `scale` (frames, joints) pixels a height."""

    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray


def filmed(joints, height, width, draw):
    """Joints (frames, joints, 3) seen by a camera that is drawn: from where, how near, how steady; see `Filmed`."""
    joints = joints + draw.normal(0, draw.uniform(0, 0.006), joints.shape)
    joints = joints * (1, draw.choice([-1, 1]), 1)  # left-handers too
    forward, across, up = np.moveaxis(turned_about_up(joints, np.deg2rad(draw.uniform(-SIDE, SIDE))), -1, 0)
    away, raised = draw.uniform(1.6, 4.0), draw.uniform(-0.05, 0.45)
    depth = np.maximum(away - forward * np.cos(raised) - (up - 0.5) * np.sin(raised), 0.4)
    scale = draw.uniform(0.42, 0.9) * height * away / depth
    drift = wandering(len(joints), draw.choice([0, 0.006 * width]), draw, 8)[:, None]
    x = width * draw.uniform(0.33, 0.67) + scale * across + drift
    y = height * draw.uniform(0.45, 0.58) - scale * ((up - 0.5) * np.cos(raised) - forward * np.sin(raised))
    return Filmed(x, y, scale)


def backdrop(height, width, draw):
    """An empty room: float32 (height, width) gray levels."""
    edge = int(height * draw.uniform(0.35, 0.75))
    room = _patchy(height, width, draw)
    for _ in range(draw.integers(0, 5)):
        left, top = draw.uniform(0, (width, height))
        wide, tall = draw.uniform(0.03, 0.4, 2) * height
        canvas.box(room, (int(left), int(top)), (int(left + wide), int(top + tall)), _gray(draw),
                   int(draw.choice([-1, 1, 2])))
    if draw.random() < 0.3:
        gray = _gray(draw)
        for left in np.arange(draw.uniform(0, 0.1), 1, draw.uniform(0.04, 0.16)) * width:
            canvas.line(room, (int(left), 0), (int(left), edge), gray)
    room[edge:] = _patchy(height - edge, width, draw)
    return np.clip(room, 0, 255)


def _patchy(height, width, draw):
    patches = np.full((height, width), draw.uniform(30, 220), np.float32)
    for size in (6, 14, 30):
        coarse = draw.normal(0, draw.uniform(2, 22), (height // size + 2, width // size + 2)).astype(np.float32)
        patches += canvas.enlarged(coarse, height, width)
    return patches


@dataclasses.dataclass(frozen=True)
class Passer:
    """Something round that flies by, before or behind the figure; pixels, and pixels a frame."""

    start: np.ndarray
    speed: np.ndarray
    radii: tuple[int, int]
    gray: float
    before: bool

    def draw_on(self, picture, frame):
        x, y = self.start + self.speed * frame
        canvas.oval(picture, (int(x), int(y)), self.radii, self.gray)


def passers(height, width, frames, draw):
    """None, one or two things that pass by during a clip."""
    return [Passer(draw.uniform(0, (width, height)), draw.normal(0, 0.35, 2) * (width, height) / frames,
                   tuple(int(side) for side in draw.uniform(0.017, 0.06, 2) * height), float(draw.uniform(0, 255)),
                   bool(draw.random() < 0.5)) for _ in range(draw.integers(0, 3))]


def pillar(height, width, draw):
    """(corner, corner, gray) of something that stands in the way, or None."""
    if draw.random() > 0.2:
        return None
    left, top = draw.uniform((0.2, 0.1), (0.8, 0.9)) * (width, height)
    wide, tall = draw.uniform((0.03, 0.15), (0.12, 0.65)) * height
    return (int(left), int(top)), (int(left + wide), int(top + tall)), _gray(draw)


def _gray(draw):
    return float(draw.uniform(20, 235))
