"""The animation of the README: held-out generated videos, one a class, and what a network trained on others says.

    python docs/animation.py        # writes docs/pictures/demo.webp; minutes on two cores

The videos are generated, so it shows nobody. The network and its training are those of `res3d demo`, with fewer videos.
"""

import pathlib
import tempfile

import numpy as np

from pipelines import synthetic
from pipelines.manifest import read_manifest
from pipelines.video.live import live_frames
from pipelines.video.opencv import resize_image
from res3d.training.recipe import find_recipe
from res3d.workflows.predict import predict
from res3d.workflows.showing.answers import drawn
from res3d.workflows.train import train

ANIMATION = pathlib.Path(__file__).resolve().parent / "pictures" / "demo.webp"
TRAIN, HELD_OUT = 24, 4  # videos a class
COLUMNS, SIDE, GAP, FRAMES, MILLISECONDS = 4, 210, 6, 32, 80
TOP, QUALITY = 2, 55


def write(path=ANIMATION):
    """Generates, trains, asks and draws."""
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        videos, run = pathlib.Path(folder, "videos"), pathlib.Path(folder, "run")
        synthetic.write(videos, TRAIN, HELD_OUT)
        train(find_recipe("demo", ["data.workers=2"]), videos, run)
        held_out = {entry.label: entry.path for entry in read_manifest(videos, split="val")}
        chosen = [held_out[label] for label in sorted(held_out)]
        save(path, [film(answer["video"], answer["top"]) for answer in predict(run, chosen, top=TOP)])


def film(video, top):
    """The frames of a video with its answer on them, over and over: uint8 (FRAMES, SIDE, SIDE, 3)."""
    frames = [resize_image(drawn(squared(frame), top), (SIDE, SIDE)) for _, frame in live_frames(video)]
    return np.stack([frames[place % len(frames)] for place in range(FRAMES)])


def squared(picture):
    """The middle of a picture, as wide as it is high, or the whole with dark sides.

    >>> squared(np.ones((4, 8, 3), "uint8")).shape, squared(np.ones((4, 2, 3), "uint8")).shape
    ((4, 4, 3), (4, 4, 3))
    """
    height, width = picture.shape[:2]
    if width >= height:
        start = (width - height) // 2
        return np.ascontiguousarray(picture[:, start:start + height])
    side = (height - width) // 2
    return np.pad(picture, ((0, 0), (side, height - width - side), (0, 0)))


def save(path, films):
    """Writes films, beside and below each other, as an animated WebP that repeats for ever."""
    from PIL import Image

    rows = -(-len(films) // COLUMNS)
    step = SIDE + GAP
    sheet = np.full((FRAMES, rows * step - GAP, COLUMNS * step - GAP, 3), 255, "uint8")
    for place, frames in enumerate(films):
        top, left = place // COLUMNS * step, place % COLUMNS * step
        sheet[:, top:top + SIDE, left:left + SIDE] = frames
    first, *others = map(Image.fromarray, sheet)
    first.save(path, save_all=True, append_images=others, duration=MILLISECONDS, loop=0, quality=QUALITY, method=4)


if __name__ == "__main__":
    write()
