"""SoccerNet: a `Labels*.json` of `{"annotations": [{"label", "gameTime": "1 - 03:24", "position"}]}`, one a match.

Events are instants. `position` is in milliseconds from the beginning of the half that `gameTime` names; each half is a
file of its own beside, `1_720p.mkv`, `1_224p.mkv` or `1.*`. The team is the subject. The form with a list of `videos`,
each with its `path` and `annotations`, is read as well.
"""

import re

from pipelines.annotations.formats.tools.shaped import careful, checked, names_of, text_of
from pipelines.annotations.table import Row, Table, kept, peek_json, read_json
from pipelines.annotations.text import held_in
from pipelines.annotations.times import number, seconds
from pipelines.storage.addresses import parent

SUFFIXES = ("_720p.mkv", "_224p.mkv", ".mkv", ".mp4", "_HQ.mkv")
SHAPE = "annotations with `label`, `gameTime` and `position`"


def knows(path):
    """A JSON object with a list of annotations that have a `gameTime`, or of videos that have such."""
    found = peek_json(path)
    if not isinstance(found, dict):
        return False
    videos = found.get("videos", [found])
    return isinstance(videos, list) and any(
        isinstance(video, dict) and isinstance(video.get("annotations"), list) and any(
            isinstance(item, dict) and {"gameTime", "label"} <= set(item) for item in video["annotations"])
        for video in videos)


def read(path, options):
    """A `Table` of all events."""
    found = read_json(path)
    if not isinstance(found, dict) or not isinstance(found.get("videos", found.get("annotations")), list):
        raise ValueError(f"Expected an object with {SHAPE} in '{path}'. It holds {held_in(path)}. Name another format.")
    table = Table([], folder=parent(path), exact=True)  # every match has a `1_720p.mkv`: none is taken by its name

    def make(video):
        place = video.get("path")
        if not video["annotations"] and place is not None:
            table.empty.append(names_of(place))
        row = careful(lambda event: _row(event, place, found.get("UrlLocal")), SHAPE, path)
        return list(kept(row, video["annotations"], options, table.missing, lambda event: place or str(event)[:80]))

    for rows in kept(careful(make, SHAPE, path), found.get("videos", [found]), options, table.missing,
                     lambda item: str(item)[:80]):
        table.rows += rows
    return table


def _row(event, place, match):
    label, told = text_of(event["label"]), re.fullmatch(r"\s*(\d+)\s*-\s*(\S+)\s*", event.get("gameTime", ""))
    checked(label, "a label", event)
    if "position" in event and str(event["position"]).strip():
        time = seconds(number(event["position"]) / 1000.0)
    else:
        checked(told, "a `position`, or a `gameTime` such as '1 - 03:24'", event)
        time = seconds(told[2])
    if place is None:
        checked(told, "a `gameTime` such as '1 - 03:24', which tells the half", event)
        below = "" if not match else match.rstrip("/") + "/"
        names = [f"{folder}{told[1]}{suffix}" for folder in dict.fromkeys(("", below)) for suffix in SUFFIXES]
    else:
        names = names_of(place)
    team = text_of(event.get("team"))
    return Row(tuple(names), (label,), time, time, subject=None if team in (None, "not applicable") else team)
