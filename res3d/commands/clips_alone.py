"""Flags that mean something for clips alone, and are refused where a run finds spans in long videos."""


def refuse_for_spans(args, names):
    """Raises ValueError for the first of the flags `names` that was given.

    >>> import argparse
    >>> refuse_for_spans(argparse.Namespace(window=None, motion=False, compare=[]), ("window", "motion", "compare"))
    """
    for name in names:
        value = getattr(args, name)
        if value not in (None, False) and value != []:
            given = f"--{name}" if value is True else f"--{name}={value}"
            raise ValueError(f"`--{name}` is for clips. Received {given} with a run of task spans. Leave it out.")
