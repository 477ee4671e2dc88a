"""Mirrored clips, where no label names a side."""

import re
from collections.abc import Callable, Iterable

import tensorflow as tf

from pipelines.augment.chaining import check_probability, uniforms

# Words that name a side, in English label lists, and signs of turning.
_DIRECTIONS = re.compile(r"(?<![a-z])(left(ward|wards)?|right(ward|wards)?|(anti|counter)?-?clockwise|"
                         r"(anti|counter)clock)(?![a-z])", re.IGNORECASE)


def directional(labels):
    """The labels that change their meaning in a mirror, by the words left, right and clockwise.

    >>> directional(["Swiping Left", "clapping", "leftover food", "turn_anticlockwise"])
    ['Swiping Left', 'turn_anticlockwise']
    """
    return [label for label in labels if _DIRECTIONS.search(label)]


def random_flip(probability: float = 0.5, labels: Iterable[str] | None = None) -> Callable:
    """Mirrors all frames left to right, or none.

    Args:
        probability: float. Of mirroring.
        labels: label names, or None. With names, the step is refused where a mirrored clip would need another label.

    Raises:
        ValueError: naming the labels that tell left from right; for a probability out of [0, 1].
    """
    check_probability(probability)
    sided = directional(labels) if labels is not None else []
    if sided:
        raise ValueError(f"Expected labels that mean the same in a mirror. Received: {sided[:6]}. Leave random_flip "
                         "out for this data set, or pass labels=None if these labels name no direction.")

    def step(clip, seed):
        return tf.cond(uniforms(seed, 1)[0] < probability, lambda: tf.reverse(clip, [2]), lambda: clip)

    return step
