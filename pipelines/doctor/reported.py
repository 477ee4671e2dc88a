"""What every warning of a report is made of."""

import re

from pipelines.storage.addresses import all_shown, shown

OF_ONE = {"are": "is", "have": "has", "carry": "carries"}  # verbs; others get an s


def reported(kind, message, advice, paths, details=None):
    """A row of `warnings` in what `check` gives; `details` are lines, the paths where there are none.

    >>> row = reported("cost", "1 videos cost much", "Prepare them.", ["a.mp4"])
    >>> row["message"], row["details"]
    ('1 video costs much', ['a.mp4'])
    """
    paths = list(map(shown, paths))
    message = re.sub(r"^1 videos(, or parts of them,)? (\w+)", _of_one, message)
    return {"kind": kind, "message": message, "advice": advice, "paths": paths,
            "details": paths if details is None else list(map(all_shown, details))}


def _of_one(found):
    rest, verb = found.groups()
    return f"1 video{', or a part of it,' if rest else ''} {OF_ONE.get(verb, f'{verb}s')}"
