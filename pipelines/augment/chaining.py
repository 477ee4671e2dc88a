"""One step out of several, each with randomness of its own."""

from collections.abc import Callable

import tensorflow as tf


def chain(*steps: Callable) -> "Chain":
    """One step out of several, applied from left to right, each with randomness of its own.

    >>> from pipelines.augment import centre_crop, random_flip
    >>> chain(centre_crop(8), random_flip())(tf.zeros((2, 10, 12, 3), tf.uint8), (1, 2)).shape
    TensorShape([2, 8, 8, 3])
    """
    return Chain(steps)


class Chain:
    """What `chain` returns: `steps`, and whether the first of them chooses the part of the picture (`spatial`)."""

    def __init__(self, steps):
        wrong = [step for step in steps if not callable(step)]
        if wrong:
            raise ValueError(f"`chain` takes functions of (clip, seed). Received: {wrong[0]!r}.")
        self.steps = tuple(inner for step in steps for inner in (step.steps if isinstance(step, Chain) else (step,)))

    @property
    def spatial(self):
        return bool(self.steps) and getattr(self.steps[0], "spatial", False)

    def __call__(self, clip, seed):
        for position, step in enumerate(self.steps):
            clip = step(clip, fold_seed(seed, position))
        return clip


def fold_seed(seed, number):
    """Two other integers, for part `number` of what a seed is used for."""
    return tf.random.fold_in(tf.cast(tf.convert_to_tensor(seed), tf.int32), number)


def uniforms(seed, count):
    """`count` floats in [0, 1)."""
    return tf.unstack(tf.random.stateless_uniform((count,), tf.cast(tf.convert_to_tensor(seed), tf.int32)))


def check_range(name, value, low, high):
    """Raises ValueError for a `value` that is not two numbers in (low, high], the smaller first."""
    if len(value) != 2 or not low < value[0] <= value[1] <= high:
        raise ValueError(f"`{name}` must be (low, high) with {low} < low <= high <= {high}. Received: {name}={value}.")


def check_probability(value):
    """Raises ValueError for a `probability` that is none."""
    if not 0 <= value <= 1:
        raise ValueError(f"`probability` must lie in [0, 1]. Received: probability={value!r}.")
