"""Drawing by OpenCV, on float32 pictures in place; places are (x, y) pixels."""

import cv2

_SUB = 4  # bits behind the point of a place


def fixed(places):
    """Places or lengths, a NumPy array, as the ints that `capsule` and `disc` take."""
    return (places * (1 << _SUB)).round().clip(-500_000, 500_000).astype(int)


def capsule(picture, start, end, gray, width):
    """A thick line; `start` and `end` as of `fixed`, `width` a whole number of pixels."""
    cv2.line(picture, start, end, gray, width, cv2.LINE_8, _SUB)


def disc(picture, center, radius, gray):
    """A full circle; `center` and `radius` as of `fixed`."""
    cv2.circle(picture, center, radius, gray, -1, cv2.LINE_8, _SUB)


def oval(picture, center, radii, gray):
    """A full ellipse, its axes along the picture's."""
    cv2.ellipse(picture, center, radii, 0, 0, 360, gray, -1)


def line(picture, start, end, gray):
    """A line of one pixel."""
    cv2.line(picture, start, end, gray, 1)


def box(picture, corner, other, gray, width=-1):
    """A rectangle: its outline `width` pixels wide, or all of it for -1."""
    cv2.rectangle(picture, corner, other, gray, width)


def enlarged(picture, height, width):
    """A coarse picture, smoothly enlarged."""
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)


def reduced(picture, height, width):
    """A picture scaled down, each pixel the mean of those it covers."""
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def blurred(picture):
    """A picture slightly out of focus."""
    return cv2.GaussianBlur(picture, (3, 3), 0.6)
