"""What every warning of a report is made of."""

from pipelines.storage.addresses import all_shown, shown


def reported(kind, message, advice, paths, details=None, groups=None):
    """A row of `warnings` in what `check` gives.

    Args:
        kind, message, advice: str.
        paths: what it is about.
        details: lines, the paths where there are none.
        groups: lists of paths that belong together, for which `paths` and `details` are None, or None.

    >>> reported("cost", counted(1, "video costs", "videos cost") + " much", "Prepare them.", ["a.mp4"])["message"]
    '1 video costs much'
    >>> row = reported("duplicates", "", "", None, groups=[["a.mp4", "b.mp4"]])
    >>> row["paths"], row["details"], row["groups"]
    (['a.mp4', 'b.mp4'], ['a.mp4 = b.mp4'], [['a.mp4', 'b.mp4']])
    """
    row = {"kind": kind, "message": message, "advice": advice}
    if groups is not None:
        groups = [list(map(shown, group)) for group in groups]
        return row | {"paths": [path for group in groups for path in group],
                      "details": list(map(" = ".join, groups)), "groups": groups}
    paths = list(map(shown, paths))
    return row | {"paths": paths, "details": paths if details is None else list(map(all_shown, details))}


def counted(number, one, several):
    """A number with the words of one, or of several.

    >>> counted(1, "video has no label", "videos have no label"), counted(0, "video", "videos")
    ('1 video has no label', '0 videos')
    """
    return f"{number} {one if number == 1 else several}"
