"""Generated videos of eight classes that only motion tells apart: no single frame says anything about its class.

A textured disc lies on a static background. Its state is a point on a torus: x and y, which wrap around the frame, the
angle of the texture, and the texture's scale, which wraps too because the texture repeats whenever it has grown by a
fixed factor. The start is uniform on the torus and independent of everything else, and each class adds a constant
velocity along one coordinate. A uniform point moved by any fixed step is uniform again, so frame t has one and the same
distribution under all eight classes, for every t; and "right" played backwards is "left", and so on in pairs.

Files are Motion JPEG, in which each frame is coded alone: predicted frames would carry traces of the motion. Flipping
such a clip changes its class.
"""

import dataclasses
import math
import os

import numpy as np

from pipelines.annotations.entries import LABELS_FILE, Manifest
from pipelines.annotations.labels import save_labels, sort_labels
from pipelines.arguments import check_whole_number
from pipelines.manifest import read_manifest
from pipelines.synthetic.written import write_once
from pipelines.video import writer

# Sign of the velocity along (x, y, log scale, angle); y points down and angles turn clockwise on the screen.
VELOCITIES = {
    "left": (-1, 0, 0, 0), "right": (1, 0, 0, 0),
    "up": (0, -1, 0, 0), "down": (0, 1, 0, 0),
    "grow": (0, 0, 1, 0), "shrink": (0, 0, -1, 0),
    "clockwise": (0, 0, 0, 1), "anticlockwise": (0, 0, 0, -1),
}
CLASSES = tuple(sort_labels(VELOCITIES))
OPPOSITE = {"left": "right", "up": "down", "grow": "shrink", "clockwise": "anticlockwise"}
OPPOSITE |= {value: key for key, value in OPPOSITE.items()}
PERIOD = math.log(3)  # the texture repeats when it has grown threefold


@dataclasses.dataclass(frozen=True)
class Look:
    """What may differ between two splits; numbers are ranges to draw from, and lie apart between the two.

    Args:
        radius: ranges of the disc's radius, as a part of the frame's shorter side.
        speed: ranges of speed, in hundredths of the shorter side per frame, at the disc's rim for scale and angle.
        waves: textures are sums of waves; how often each goes around the disc.
        cells: cells of background noise along a side.
        frame_sizes: (height, width) pixels.
        rates: frames per second, as the file says.
    """

    radius: tuple
    speed: tuple
    waves: tuple
    cells: tuple
    frame_sizes: tuple
    rates: tuple


LOOKS = {
    "train": Look(radius=((0.24, 0.29), (0.35, 0.4)), speed=((2.2, 2.8), (3.4, 4.0)), waves=(3, 5, 7), cells=(2, 3, 5),
                  frame_sizes=((64, 64), (64, 80), (72, 64)), rates=(15, 24, 30)),
    "val": Look(radius=((0.29, 0.35),), speed=((2.8, 3.4),), waves=(4, 6), cells=(4, 6),
                frame_sizes=((64, 72), (80, 80)), rates=(12, 25)),
}


@dataclasses.dataclass(frozen=True)
class Scene:
    """Everything about a clip but its class.

    Args:
        background: float array (height, width, 3), 0..255.
        colors: float array (2, 3): of the texture's troughs and crests.
        waves: float array (waves, 4): turns over one scale period, turns around the disc, phase, amplitude.
        radius: float. Pixels.
        speed: float. Pixels per frame, at the rim for scale and angle.
        start: float array (4,): x, y in pixels, log scale, angle in radians, at frame 0.
    """

    background: np.ndarray
    colors: np.ndarray
    waves: np.ndarray
    radius: float
    speed: float
    start: np.ndarray

    def velocity(self, label):
        """(x, y, log scale, angle) per frame of class `label`."""
        unit = (self.speed, self.speed, self.speed / self.radius, self.speed / self.radius)
        return np.multiply(VELOCITIES[label], unit)


def draw_scene(rng, look):
    """A random scene; nothing in it depends on a class."""
    height, width = look.frame_sizes[rng.integers(len(look.frame_sizes))]
    short = min(height, width)
    background = _noise(rng, height, width, int(rng.choice(look.cells)))
    colors = np.array([[40], [215]]) + rng.uniform(-40, 40, (2, 3))
    # Waves come in mirrored pairs: in a one-handed spiral, growing and turning look the same.
    around = rng.choice(look.waves, 2, replace=False)
    along = rng.permutation([1, 2])
    waves = [(p, m * hand, rng.uniform(0, 2 * math.pi), rng.uniform(0.8, 1.2))
             for p, m in zip(along, around) for hand in (1, -1)]
    return Scene(background, colors, np.array(waves), short * _draw(rng, look.radius),
                 short * _draw(rng, look.speed) / 100,
                 rng.uniform(0, 1, 4) * (width, height, PERIOD, 2 * math.pi))


def render(scene, state):
    """The frame of one state (x, y, log scale, angle): uint8 (height, width, 3) RGB."""
    height, width = scene.background.shape[:2]
    x, y, scale, angle = state
    dx = (np.arange(width) - x + width / 2) % width - width / 2
    dy = ((np.arange(height) - y + height / 2) % height - height / 2)[:, None]
    distance = np.hypot(dx, dy)
    depth = (np.log(np.maximum(distance, 1) / scene.radius) - scale) * (2 * math.pi / PERIOD)
    turn = np.arctan2(dy, dx) - angle
    texture = sum(amplitude * np.cos(along * depth + around * turn + phase)
                  for along, around, phase, amplitude in scene.waves)
    # Around the centre the waves are finer than pixels: there the texture fades to its mean.
    texture = 0.5 + 0.5 * np.tanh(1.2 * texture) * np.clip((distance - 1) / (0.2 * scene.radius), 0, 1)
    disc = np.clip(scene.radius - distance + 0.5, 0, 1)[..., None]
    paint = scene.colors[0] + texture[..., None] * (scene.colors[1] - scene.colors[0])
    return np.rint(scene.background * (1 - disc) + paint * disc).astype(np.uint8)


def render_clip(scene, label, num_frames):
    """Frames 0..num_frames-1 of class `label`: uint8 (num_frames, height, width, 3) RGB."""
    velocity = scene.velocity(label)
    return np.stack([render(scene, scene.start + t * velocity) for t in range(num_frames)])


def clips(split="train", per_class=4, seed=0, frames=(24, 32)):
    """Yields (label, frames, fps) of a split, classes in turn; the same for the same arguments.

    >>> label, frames, fps = next(clips("val"))
    >>> label, frames.dtype, frames.shape[0] in range(24, 33)
    ('anticlockwise', dtype('uint8'), True)
    """
    if split not in LOOKS:
        raise ValueError(f"A generated split is one of {', '.join(LOOKS)}. Received: {split!r}.")
    for index in range(per_class):
        for number, label in enumerate(CLASSES):
            rng = np.random.default_rng([seed, list(LOOKS).index(split), index, number])
            scene = draw_scene(rng, LOOKS[split])
            num_frames = int(rng.integers(frames[0], frames[1] + 1))
            yield label, render_clip(scene, label, num_frames), float(rng.choice(LOOKS[split].rates))


def write(folder: str | os.PathLike, train_per_class: int = 40, val_per_class: int = 10, seed: int = 0,
          frames: tuple[int, int] = (24, 32)) -> Manifest:
    """Writes `train/CLASS/*.avi`, `val/CLASS/*.avi` and `labels.txt`; returns their `Manifest`.

    A folder that already holds the same data set is left as it is. All is written aside first and renamed at the end.

    Args:
        folder: where to; must not hold anything else.
        train_per_class: int. Videos of each of the eight classes to train on.
        val_per_class: int. Videos of each to validate on; texture, place, size, speed and background are others.
        seed: int. The same seed gives the same videos.
        frames: (int, int). Shortest and longest video, in frames.

    Raises:
        ValueError: if `folder` holds something else, or a count is not positive.

    >>> write("videos", train_per_class=1, val_per_class=1).splits
    {'train': 8, 'val': 8}
    """
    for name, value in (("train_per_class", train_per_class), ("val_per_class", val_per_class)):
        check_whole_number(name, value)
    folder = os.path.abspath(folder)
    record = {"train_per_class": train_per_class, "val_per_class": val_per_class, "seed": seed, "frames": list(frames),
              "form": 1}

    def fill(aside):
        for split, per_class in (("train", train_per_class), ("val", val_per_class)):
            for label in CLASSES:
                os.makedirs(os.path.join(aside, split, label))
            for number, (label, pixels, fps) in enumerate(clips(split, per_class, seed, frames)):
                path = os.path.join(aside, split, label, f"{number // len(CLASSES):04d}.avi")
                writer.write_video(path, pixels, fps=fps, codec="MJPG")
        save_labels(os.path.join(aside, LABELS_FILE), CLASSES)

    write_once(folder, record, fill)
    return read_manifest(folder)


def _draw(rng, ranges):
    """A number from the union of equally likely ranges."""
    return rng.uniform(*ranges[rng.integers(len(ranges))])


def _noise(rng, height, width, cells):
    """Smooth colour noise: random values on a grid, joined by cosines; wraps around like the disc's path."""
    grid = 128 + rng.uniform(-50, 50, (cells, cells, 1)) + rng.uniform(-20, 20, (cells, cells, 3))

    def weights(size):
        at = np.arange(size) * cells / size
        low = at.astype(int)
        part = (0.5 - 0.5 * np.cos(math.pi * (at - low)))[:, None]
        matrix = np.zeros((size, cells))
        np.add.at(matrix, (np.arange(size), low % cells), 1 - part[:, 0])
        np.add.at(matrix, (np.arange(size), (low + 1) % cells), part[:, 0])
        return matrix

    return np.einsum("hi,wj,ijc->hwc", weights(height), weights(width), grid)
