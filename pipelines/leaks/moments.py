"""Whether two videos show the same moments, or the same place, by what moves in them and by what does not."""

import numpy as np

from pipelines.leaks.hashes import AGREE, bits_of
from pipelines.leaks.signature import RATE

SPEEDS = (1.0, 2.0, 0.5)
FEWEST, SECONDS = 3, 2.0  # pictures that must lie together; of longer videos, so many seconds
SHARE = 0.5  # of the pictures that lie together, those whose hashes must agree
ALIKE = 0.9  # correlation of the pictures that lie together
MOVING = 1.5  # gray levels, root mean square, from which on something moves
TOGETHER, SURELY = 0.75, 0.85  # correlation of what moves; and of less than SECONDS, or at another speed
PLACE, PLACE_BITS = 0.95, 0.8  # correlation of backgrounds, and of which neighbor is brighter in them
_FINE = np.linspace(-0.25, 0.25, 9)  # seconds around a coarse offset


def same_moments(first, second, mirrored=False):
    """(seconds, offset, speed) of the stretch that two `Signature`s share, or None."""
    ours, theirs = _even(first), _even(second)
    if mirrored:
        theirs = theirs[:, :, ::-1]
    start, other = float(first.times[0]), float(second.times[0])
    best = None
    for speed in SPEEDS:
        slowed = theirs if speed == 1 else _at(theirs, np.arange(int((len(theirs) - 1) * speed) + 1) / speed)
        for coarse in _offsets(ours, slowed):
            found = _refined(ours, slowed, coarse)
            if found is not None and (speed == 1 or found[0] >= SURELY) and (best is None or found[0] > best[0]):
                pictures, shift = found[1:]
                best = found[0], pictures / RATE, start + shift - other * speed, speed
        if best is not None:
            break
    return None if best is None else best[1:]


def same_backgrounds(backgrounds, codes):
    """(first, second) of different sides whose backgrounds are the same, however bright.

    Args:
        backgrounds: list of (height, width) floats.
        codes: (videos,) ints, the sides.
    """
    if not len(backgrounds):
        return []
    rows = np.stack([_normal(one.reshape(1, -1))[0] for one in backgrounds])
    edges = np.stack([_edges(one) for one in backgrounds])
    near = (rows @ rows.T >= PLACE) & (edges @ edges.T >= PLACE_BITS) & (codes[:, None] != codes)
    return [(int(i), int(j)) for i, j in zip(*np.nonzero(np.triu(near, 1)))]


def _even(signature):
    """The pictures at even steps of time, RATE a second: float32."""
    times = signature.times - signature.times[0]
    places = np.interp(np.arange(int(times[-1] * RATE + 1e-3) + 1) / RATE, times, np.arange(len(times)))
    return _at(signature.pictures.astype("float32"), places)


def _at(pictures, places):
    """Pictures between pictures, by linear interpolation."""
    low = np.clip(np.floor(places).astype(int), 0, len(pictures) - 1)
    high = np.minimum(low + 1, len(pictures) - 1)
    share = (places - low)[:, None, None].astype("float32")
    return pictures[low] * (1 - share) + pictures[high] * share


def _least(*counts):
    """Pictures that must lie together."""
    return max(FEWEST, min(int(SECONDS * RATE), min(counts) // 2))


def _offsets(ours, theirs):
    """The one or two steps of time by which what moves in both agrees best."""
    one, other = (_moving(pictures).reshape(len(pictures), -1) for pictures in (ours, theirs))
    products = one @ other.T
    sizes = [np.concatenate([[0], np.cumsum((part ** 2).sum(axis=1))]) for part in (one, other)]
    least, scores = _least(len(ours), len(theirs)), {}
    for shift in range(least - len(theirs), len(ours) - least + 1):
        low, high = max(shift, 0), min(len(ours), shift + len(theirs))
        size = (sizes[0][high] - sizes[0][low]) * (sizes[1][high - shift] - sizes[1][low - shift])
        scores[shift] = np.trace(products, -shift) / np.sqrt(size + 1e-6)
    return sorted(scores, key=scores.get, reverse=True)[:2]


def _refined(ours, theirs, coarse):
    """(correlation of what moves, pictures, offset in seconds) of the best offset near a coarse one, or None."""
    best = None
    for fine in _FINE:
        shift = coarse + fine * RATE
        places = np.arange(len(ours)) - shift
        inside = (places >= 0) & (places <= len(theirs) - 1)
        if inside.sum() < _least(len(ours), len(theirs)):
            continue
        found = _agreement(ours[inside], _at(theirs, places[inside]))
        if found is not None and (best is None or found > best[0]):
            best = found, int(inside.sum()), shift / RATE
    return best


def _agreement(one, other):
    """The correlation of what moves in pictures that lie together, or None where they are not of the same moments."""
    moving = [_moving(pictures) for pictures in (one, other)]
    if min(np.sqrt((part ** 2).mean()) for part in moving) < MOVING:
        return None
    together = (moving[0] * moving[1]).sum() / np.sqrt((moving[0] ** 2).sum() * (moving[1] ** 2).sum())
    if together < (TOGETHER if len(one) >= SECONDS * RATE else SURELY):
        return None
    rows = [_normal(pictures.reshape(len(pictures), -1)) for pictures in (one, other)]
    if (rows[0] * rows[1]).sum(axis=1).mean() < ALIKE:
        return None
    hashes = (bits_of(one) * bits_of(other)).sum(axis=1) >= AGREE
    return float(together) if hashes.sum() >= max(FEWEST, SHARE * len(one)) else None


def _moving(pictures):
    return pictures - np.median(pictures, axis=0)


def _normal(rows):
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _edges(picture):
    """Which of two neighbors is brighter, in blocks of 2 x 2, as a row of length 1; 0 where they are alike."""
    height, width = picture.shape
    cells = picture.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    steps = np.concatenate([np.diff(cells, axis=0).ravel(), np.diff(cells, axis=1).ravel()])
    signs = np.where(np.abs(steps) >= 2, np.sign(steps), 0)
    return signs / max(np.linalg.norm(signs), 1e-6)
