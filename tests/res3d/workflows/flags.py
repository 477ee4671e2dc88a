"""Settings of a recipe as the console takes them."""


def settings(names):
    """`["a=1"]` as `["--set", "a=1"]`."""
    return [part for name in names for part in ("--set", name)]
