"""Pixels as text that a page can hold."""

import base64
import io

import numpy as np

FILM_HEIGHT, FILM_FRAMES, QUALITY = 132, 8, 72


def film(frames, height=FILM_HEIGHT, count=FILM_FRAMES):
    """Evenly spaced frames side by side in one JPEG, which a page shows one at a time.

    Args:
        frames: (n, height, width, 3 or 1) uint8.

    Returns:
        dict: `source`, a data URI; `frames`, how many; `ratio`, width over height of one.

    >>> film(np.zeros((3, 20, 40, 3), "uint8"))["frames"]
    3
    """
    from PIL import Image

    frames = np.asarray(frames)
    frames = np.repeat(frames, 3, axis=-1) if frames.shape[-1] == 1 else frames
    chosen = frames[np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int)]
    width = max(1, round(frames.shape[2] * height / frames.shape[1]))
    small = [np.asarray(Image.fromarray(frame).resize((width, height))) for frame in chosen]
    return {"source": data_uri(np.concatenate(small, axis=1), "JPEG"), "frames": len(small),
            "ratio": f"{width} / {height}"}


def data_uri(pixels, form):
    """A data URI of `(height, width, channels)` uint8 as "PNG" or "JPEG"."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **({"quality": QUALITY} if form == "JPEG" else {"optimize": True}))
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
