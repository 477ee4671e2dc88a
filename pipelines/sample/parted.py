"""One frame of each of several equal parts of a video: arithmetic on numbers of frames, no pixels and no files.

A part may be shorter than a frame; a video of fewer frames than parts repeats frames, in their order. Positions are
computed in float64 in the order of TSN, TSM and mmaction2, so that they round as there. All functions take many videos
at once: `total`, their numbers of frames, is an int or an int64 array, and results have an axis of `parts` behind.
"""

from numbers import Real

import numpy as np

from pipelines.sample.seeds import fold_in

_LENGTH, _START = -1, -2  # draws of a clip that are none of a part's


def at(total, parts, place, start=0.0, length=1.0):
    """The frame of each part that lies at `place` of it: 0 its first, 0.5 its middle one, 1 excluded.

    Args:
        total: ints (...). Frames there are.
        parts: int.
        place: float, or floats (..., parts).
        start, length: floats (...). Which piece of the video is cut into parts, as fractions of it.

    >>> at(10, 4, 0.5).tolist(), at(3, 6, 0.5).tolist()
    ([1, 3, 6, 8], [0, 0, 1, 1, 2, 2])
    """
    total = np.asarray(total, np.int64)[..., None]
    part = total * np.asarray(length)[..., None] / float(parts)
    frames = np.arange(parts) * part + part * place + total * np.asarray(start)[..., None]
    return np.minimum(frames.astype(np.int64), total - 1)


def views(total, parts, count):
    """`count` clips that share out each part evenly: int64 (..., count, parts); a single one has the middle frames.

    Together they have the middle frame of each of `parts * count` equal parts.

    >>> views(12, 3, 2).tolist()
    [[1, 5, 9], [3, 7, 11]]
    """
    frames = at(total, parts * count, 0.5)
    return np.swapaxes(frames.reshape(*frames.shape[:-1], parts, count), -1, -2)


def drawn(total, parts, numbers, temporal_crop=0.0):
    """A random frame of each part, as `numbers` decide, int64 (...), one a clip.

    With `temporal_crop` the parts are those of a random piece of the video: of `1 - temporal_crop * u` of it, u in 0..1
    and where the piece begins drawn evenly.
    """
    place = _uniform(np.asarray(numbers)[..., None], np.arange(parts))
    if not temporal_crop:
        return at(total, parts, place)
    length = 1.0 - temporal_crop * _uniform(numbers, _LENGTH)
    return at(total, parts, place, _uniform(numbers, _START) * (1.0 - length), length)


def check_temporal_crop(temporal_crop, clip):
    """`temporal_crop` as a float.

    Raises:
        ValueError: for a number out of 0..1, or a clip that is not cut out of segments.
    """
    good = isinstance(temporal_crop, Real) and not isinstance(temporal_crop, bool) and 0 <= temporal_crop < 1
    if not good:
        raise ValueError("`temporal_crop` must be the fraction of a video that may be left out, in 0..1, 1 excluded. "
                         f"Received: temporal_crop={temporal_crop!r}.")
    if temporal_crop and not clip.in_segments:
        raise ValueError("`temporal_crop` varies the part of a video that segments are taken of; clips of "
                         f"{clip.timing} begin anywhere as they are. Received: temporal_crop={temporal_crop!r}. Set "
                         "it to 0, or the clip's sampling to 'segments'.")
    return float(temporal_crop)


def _uniform(*values):
    """Floats in [0, 1), as `seeds.uniform` for arrays."""
    return (fold_in(*values) >> np.uint64(11)) / 2.0**53
