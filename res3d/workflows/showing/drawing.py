"""Answers drawn into pictures: the heat map over the clip, the classes beside it."""

import numpy as np

from pipelines.video.opencv import add_text, resize_image
from res3d.explain import grad_cam, overlay

HEIGHT = 336  # pixels; also enough for the lines beside the picture
PANEL = 420


def explained_clip(network, pixels, top, label=None):
    """Frames of a clip with its heat map, and the classes written beside.

    Args:
        network: model of the family.
        pixels: uint8 `(frames, height, width, channels)`, what the network sees.
        top: list of {"label", "score"}.
        label: int or None. The class to explain; None is the network's answer.

    Returns:
        uint8 `(frames, HEIGHT, width, 3)`.
    """
    heat, _ = grad_cam(network, pixels, label)
    panel = text_panel([f"{item['score']:.3f} {item['label']}" for item in top])
    width = round(pixels.shape[2] * HEIGHT / pixels.shape[1] / 2) * 2
    color = np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels
    large = overlay(np.stack([resize_image(frame, (HEIGHT, width)) for frame in color]), heat)
    return np.concatenate([large, np.repeat(panel[None], len(large), axis=0)], axis=2)


def text_panel(lines):
    """A dark picture `(HEIGHT, PANEL, 3)` with text, one line under another."""
    panel = np.zeros((HEIGHT, PANEL, 3), "uint8")
    for row, line in enumerate(lines):
        add_text(panel, line, row)
    return panel
