"""Arguments at the door: an int or a tuple becomes a tuple of length `rank`; what is wrong is said in one wording."""

import difflib
from numbers import Integral


def to_tuple(value, rank, name, minimum=1):
    """`value` as a tuple of `rank` ints, each at least `minimum`.

    Raises:
        ValueError: names the argument, the rank and what arrived.

    >>> to_tuple(2, 3, "strides"), to_tuple([1, 2, 2], 3, "strides")
    ((2, 2, 2), (1, 2, 2))
    """
    values = tuple(value) if isinstance(value, list | tuple) else (value,) * rank
    if len(values) != rank or any(isinstance(v, bool) or not isinstance(v, Integral) or v < minimum for v in values):
        kind = "positive ints" if minimum == 1 else f"ints of at least {minimum}"
        raise ValueError(f"`{name}` must be an int or a tuple of {rank} {kind} (rank={rank}). "
                         f"Received: {name}={value!r}.")
    return tuple(map(int, values))  # NumPy's ints have no place in a config


def positive_int(value, name):
    """`value` as an int if it is one above zero, NumPy's too; else a `ValueError` that names it."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"`{name}` must be a positive int. Received: {name}={value!r}.")
    return int(value)


def fraction(value, name):
    """`value` if it lies in [0, 1); else a `ValueError` that names it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"`{name}` must be a number from 0 up to, not including, 1. Received: {name}={value!r}.")
    return value


def choice(value, options, name):
    """`value` if it is one of `options`; else a `ValueError` that offers the nearest ones first.

    >>> choice("ful", ("full", "spatial"), "conv")
    Traceback (most recent call last):
    ValueError: `conv` must be one of full, spatial. Received: conv='ful'. Did you mean full?
    """
    if value not in options:
        near = difflib.get_close_matches(str(value), [str(option) for option in options], 3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ValueError(f"`{name}` must be one of {', '.join(map(str, options))}. Received: {name}={value!r}.{hint}")
    return value


def check_rank(layer, input_shape, rank):
    """Refuses an input that is not (batch, `rank` axes, channels) or whose channel count is unknown."""
    if len(input_shape) != rank + 2 or input_shape[-1] is None:
        axes = {1: "frames", 2: "height, width", 3: "frames, height, width"}[rank]
        raise ValueError(f"{type(layer).__name__} '{layer.name}' takes inputs of shape (batch, {axes}, channels) "
                         f"with known channels (rank={rank}). Received: {tuple(input_shape)}.")
    return tuple(input_shape)


def strided(input_shape, strides, filters):
    """Shape after a convolution padded on all sides: each axis divided by its stride, rounded up.

    >>> strided((None, 16, 7, None, 3), (1, 2, 2), 64)
    (None, 16, 4, None, 64)
    """
    sizes = (size if size is None else -(-size // stride) for size, stride in zip(input_shape[1:-1], strides))
    return (input_shape[0], *sizes, filters)
