"""What happens when, as lanes under a strip of frames: places in shares of the time that all of them stand for."""

import math

import numpy as np

MARKS, LEAST = 8, 0.35  # times that are written below at the most; percent that a moment is wide
ROOM = 95.0  # percent from the left beyond which a time has no room to be written
STRIP_FRAMES, STRIP_HEIGHT = 12, 72  # frames of a strip above, and pixels that it is high
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds from one to the next


def timeline(lanes, seconds, strip=None):
    """What `timeline.html.j2` draws.

    Args:
        lanes: [(name, [(row, state, start, end, words)])]. `row` is "truth", above, or "answer", below, or "" for all
            of the lane; `state` is "right", "wrong", "told" or "missed"; times are seconds; `words` say what it is.
        seconds: float. That the lanes stand for.
        strip: as `res3d.looks.pictures.film` gives it, of frames evenly over those seconds, or None.

    Returns:
        dict: `lanes` [(name, [(row, state, percent to the left, percent wide, words)])], `marks` [(percent, text)] of
        times, `strip`.

    >>> timeline([("run", [("", "right", 2.0, 3.0, "run")])], 10.0)["lanes"]
    [('run', [('', 'right', 20.0, 10.0, 'run')])]
    """
    seconds = max(seconds, *(end for _, parts in lanes for *_, end, _ in parts), 1e-3)
    step = next((step for step in STEPS if seconds / step <= MARKS), 3600 * math.ceil(seconds / 3600 / MARKS))
    marks = [round(place * step, 1) for place in range(int(seconds / step - 1e-9) + 1)]
    return {"strip": strip, "marks": [(_percent(second, seconds), clock(second)) for second in marks
                                        if _percent(second, seconds) <= ROOM],
            "lanes": [(name, [(row, state, _percent(start, seconds), max(_percent(end - start, seconds), LEAST), words)
                              for row, state, start, end, words in parts]) for name, parts in lanes]}


def found_lanes(rows):
    """The lanes of what a network found, for `timeline`: one a label.

    Args:
        rows: dicts of {"start", "end", "label", "score"}.

    >>> found_lanes([{"start": 2.0, "end": 3.5, "label": "run", "score": 0.5}])
    [('run', [('', 'right', 2.0, 3.5, 'run, 0:02.0 to 0:03.5, score 0.50')])]
    """
    lanes: dict = {}
    for row in rows:
        words = f"{row['label']}, {period(row['start'], row['end'])}, score {row['score']:.2f}"
        lanes.setdefault(row["label"], []).append(("", "right", row["start"], row["end"], words))
    return sorted(lanes.items())


def strip_moments(seconds):
    """The seconds at which the frames of a strip are taken, each in the middle of its share of the time.

    >>> strip_moments(24.0)[:2].tolist()
    [1.0, 3.0]
    """
    return (np.arange(STRIP_FRAMES) + 0.5) * seconds / STRIP_FRAMES


def strip_size(height, width):
    """(height, width) of a frame in a strip.

    >>> strip_size(360, 640)
    (72, 128)
    """
    return STRIP_HEIGHT, max(1, round(width * STRIP_HEIGHT / height))


def clock(seconds, digits=0):
    """A time as people read it, with so many digits of a second at least where it is not whole.

    >>> clock(7), clock(2.5), clock(83.25, 1), clock(3600)
    ('0:07', '0:02.5', '1:23.2', '1:00:00')
    """
    digits = digits if seconds == int(seconds) or digits else 1
    whole = round(seconds, digits)
    minutes, rest = divmod(whole, 60)
    shown = f"{rest:0{3 + digits if digits else 2}.{digits}f}"
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{shown}" if hours else f"{minutes}:{shown}"


def period(start, end):
    """From when to when, or when alone.

    >>> period(2, 3.5), period(4, 4)
    ('0:02.0 to 0:03.5', '0:04.0')
    """
    return clock(start, 1) if end == start else f"{clock(start, 1)} to {clock(end, 1)}"


def _percent(part, whole):
    return round(100 * part / whole, 3)
