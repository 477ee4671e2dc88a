"""Clips of figures that move, drawn as fast as a small network reads them: no files, as many people as there are seeds.

No picture shows what a motion is; clothes, room, camera and person are drawn without regard to it.
"""

import functools

import numpy as np

from pipelines.figures import canvas
from pipelines.figures.motions import MOTIONS, invented
from pipelines.figures.scene import backdrop, filmed, passers, pillar
from pipelines.figures.skeleton import JOINTS, body, joints
from pipelines.figures.takes import perform

INVENTED = 220  # motions beside those that have a name
CLASSES = (*MOTIONS, *(f"invented {number}" for number in range(INVENTED)))
_LIMBS_A_SIDE = (("shoulder", "elbow", 0.032, "top"), ("elbow", "hand", 0.026, "sleeve"),
                 ("hip", "knee", 0.042, "legs"),
                 ("knee", "ankle", 0.034, "legs"), ("ankle", "toe", 0.025, "shoes"))
LIMBS = (("pelvis", "neck", 0.085, "top"), ("left shoulder", "right shoulder", 0.05, "top"),  # from, to, radius, cloth
         ("left hip", "right hip", 0.06, "legs"),
         *((f"{side} {start}", f"{side} {end}", radius, cloth) for side in ("right", "left")
           for start, end, radius, cloth in _LIMBS_A_SIDE))
_ENDS = np.array([[JOINTS.index(start), JOINTS.index(end)] for start, end, *_ in LIMBS])
_HEAD = JOINTS.index("head")
_FINE = 2  # drawn larger and scaled down: limbs are thinner than a pixel is wide


@functools.cache
def motion_of(label):
    """The Motion of a class, an int below `len(CLASSES)`."""
    return MOTIONS[CLASSES[label]] if label < len(MOTIONS) else invented(label - len(MOTIONS))


def figure_clip(label: int, seed: int | tuple[int, ...], frames: int = 32, height: int = 60,
                width: int = 80) -> np.ndarray:
    """A clip of somebody, anybody, who performs a motion somewhere.

    Args:
        label: int, an index of `CLASSES`: 41 motions of every day, then invented ones.
        seed: int, or ints; the same, the same clip.
        frames: int. One of each of as many parts of a video of two to five seconds.
        height, width: ints. Pixels.

    Returns: uint8 (frames, height, width, 3), gray.

    Raises:
        ValueError: for a class that there is not, or fewer than 2 frames.

    >>> figure_clip(CLASSES.index("clap"), seed=1).shape
    (32, 60, 80, 3)
    """
    if not 0 <= label < len(CLASSES) or frames < 2:
        raise ValueError(f"A clip of a figure has a class of 0..{len(CLASSES) - 1} and 2 frames or more. "
                         f"Received: label={label}, frames={frames}.")
    draw = np.random.default_rng(seed)
    tall, wide = height * _FINE, width * _FINE
    poses = perform(motion_of(label), frames, draw)
    film = filmed(joints(poses, body(draw)), tall, wide, draw)
    room, things, before = backdrop(tall, wide, draw), passers(tall, wide, frames, draw), pillar(tall, wide, draw)
    figure = _Figure(film, draw)
    light, noise = draw.uniform(0.6, 1.2), draw.normal(0, draw.uniform(0.5, 5), (4, height, width)).astype(np.float32)
    unfocused = draw.random() < 0.5
    clip = np.empty((frames, height, width), np.uint8)
    for frame in range(frames):
        picture = room.copy()
        for thing in things:
            if not thing.before:
                thing.draw_on(picture, frame)
        figure.draw_on(picture, frame)
        for thing in things:
            if thing.before:
                thing.draw_on(picture, frame)
        if before:
            canvas.box(picture, *before)
        small = canvas.reduced(picture, height, width)
        if unfocused:
            small = canvas.blurred(small)
        clip[frame] = np.clip(small * light + noise[frame % 4, :: 1 - 2 * (frame // 4 % 2)], 0, 255)
    return np.repeat(clip[..., None], 3, axis=-1)


class _Figure:
    """A person in clothes, as capsules."""

    def __init__(self, film, draw):
        skin, top, legs = draw.uniform((60, 10, 10), (220, 240, 240))
        cloth = {"top": top, "legs": legs, "shoes": 20.0, "sleeve": skin if draw.random() < 0.5 else top}
        self.grays = [float(cloth[limb[3]] * draw.uniform(0.85, 1.15)) for limb in LIMBS]
        self.skin = float(skin)
        self.at = canvas.fixed(np.stack([film.x, film.y], axis=-1)).tolist()
        nearness = film.scale[:, _ENDS].mean(axis=-1)  # of each limb
        radii = np.array([limb[2] for limb in LIMBS]) * draw.uniform(0.8, 1.25)
        self.widths = np.maximum(np.rint(2 * radii * nearness), 1).astype(int).tolist()
        self.order = np.argsort(nearness, axis=1).tolist()
        self.head = canvas.fixed(0.062 * film.scale[:, _HEAD]).tolist()

    def draw_on(self, picture, frame):
        at, widths = self.at[frame], self.widths[frame]
        for limb in self.order[frame]:
            start, end = _ENDS[limb]
            canvas.capsule(picture, at[start], at[end], self.grays[limb], widths[limb])
        canvas.disc(picture, at[_HEAD], self.head[frame], self.skin)
