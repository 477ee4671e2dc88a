"""Small grey GIF files for warm-up and verification."""

from PIL import GifImagePlugin, Image


def encode(frames):
    """An animated GIF of grey pictures, every one of them kept: Pillow's own `save` drops those that repeat.

    Args:
        frames: uint8 `(n, height, width)`.

    Returns:
        bytes; a decoder gives `frames` back, the same in red, green and blue.
    """
    pictures = [Image.fromarray(frame) for frame in frames]
    head, _ = GifImagePlugin.getheader(pictures[0].copy())
    return b"".join([*head, *(part for picture in pictures for part in GifImagePlugin.getdata(picture)), b";"])
