"""What every warning of a report is made of."""

from pipelines.storage.addresses import all_shown, shown


def reported(kind, message, advice, paths, details=None):
    """A row of `warnings` in what `check` gives; `details` are lines, the paths where there are none.

    >>> reported("cost", "1 videos cost much", "Prepare them.", ["a.mp4"])["details"]
    ['a.mp4']
    """
    paths = list(map(shown, paths))
    return {"kind": kind, "message": message, "advice": advice, "paths": paths,
            "details": paths if details is None else list(map(all_shown, details))}
