"""What an argument must be: one check, one wording."""


def check_whole_number(name, value, least=1, most=None):
    """Raises ValueError for a `value` that is no whole number from `least` on, or to `most`.

    >>> check_whole_number("workers", 4)
    >>> check_whole_number("quality", 101, 1, 100)
    Traceback (most recent call last):
    ValueError: `quality` must be a whole number from 1 to 100. Received: quality=101.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        raise ValueError(f"`{name}` must be a whole number from {least} {'on' if most is None else f'to {most}'}. "
                         f"Received: {name}={value!r}.")
