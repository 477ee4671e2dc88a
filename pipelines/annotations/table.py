"""What every annotation reader gives: rows as the file has them, before any video is looked for."""

import dataclasses
import json
import re

from pipelines.annotations.entries import Missing, canonical_split
from pipelines.annotations.text import LOOKED_AT, lines_of, read_text
from pipelines.storage import folders
from pipelines.storage.addresses import absolute, file_name, join, on_the_web, parent, plain, shown


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One annotated clip.

    Args:
        names: tuple of str. Paths or bare names under which the clip may lie, best first; with or without a suffix.
        labels: tuple of label names, or of ints that index the label list.
        start: float or None. Seconds, for a clip cut out of a longer video.
        end: float or None. Seconds, not included.
        split: str or None.
        num_frames: int or None. Frames of a folder of frames.
        first_frame: int. Frames of that folder to pass over.
        group: str or None. Who or what it shows, that other clips may show as well.
        weight: float or None. How much it counts in training.
        whole: tuple of str. Names of the uncut video, to which alone `start` and `end` apply; `names` are cut clips.
        subject: str or None. Who does it, where the file tells several apart.
        annotator: str or None. Who labelled it.
        score: float or None. How sure a model was.
        frames: bool. Whether `start` and `end` number frames from 0, in the order in which they decode.
        rate: float or None. Frames a second that the tool counted at.
    """

    names: tuple[str, ...]
    labels: tuple = ()
    start: float | None = None
    end: float | None = None
    split: str | None = None
    num_frames: int | None = None
    first_frame: int = 0
    whole: tuple[str, ...] = ()
    group: str | None = None
    weight: float | None = None
    subject: str | None = None
    annotator: str | None = None
    score: float | None = None
    frames: bool = False
    rate: float | None = None


@dataclasses.dataclass
class Table:
    """Rows, and what is known of them as a whole.

    Args:
        rows: list of `Row`.
        labels: the layout's own label list, which int labels index; None where it brings none.
        folder: str. What names are relative to.
        complete: bool. Whether every row is a file already found on disk.
        exact: bool. Whether names are paths, to be found as they stand or not at all.
        multi_label: bool or None. Whether the layout says that clips may have several labels.
        missing: list of `Missing`. Rows that could not be read, or are not taken.
        empty: list of tuples of names. Videos that were looked at and show nothing that has a label.
    """

    rows: list
    labels: list | None = None
    folder: str | None = None
    complete: bool = False
    exact: bool = False
    multi_label: bool | None = None
    missing: list = dataclasses.field(default_factory=list)
    empty: list = dataclasses.field(default_factory=list)


def read_lines(path):
    """(number, line) of lines that hold something, ends and any mark taken off; keeps spaces at their beginning."""
    return [(number, line.rstrip()) for number, line in enumerate(lines_of(read_text(path, names=True)), 1)
            if line.strip()]


def first_lines(path, count=5):
    """The first few lines of a text file, or [] of anything else."""
    if not plain(path).lower().endswith((".csv", ".tsv", ".txt", ".lst", ".list")) or not folders.is_file(path):
        return []
    lines = lines_of(read_text(path, LOOKED_AT, names=True))
    return [line.rstrip() for line in lines[:count] if line.strip()]


def read_json(path):
    """The value in a JSON file, which is to be left as it is; ValueError names the file where it holds none."""
    return folders.once(("json", path), lambda: _json(path))


def peek_json(path):
    """The value in a file whose name ends in `.json`, or None."""
    return read_json(path) if plain(path).lower().endswith(".json") and folders.is_file(path) else None


def _json(path):
    text = read_text(path)
    try:
        found = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(found, ensure_ascii=False).encode()  # half a character is no text, and could not be saved
        return found
    except (ValueError, RecursionError) as error:
        received = f"text that is not: {error}" if text.strip() else "an empty file"
        raise ValueError(f"Expected JSON in '{path}'. Received {received}. Repair the file.") from None


def kept(make, items, options, missing, name=str):
    """`make(item)` for each of `items`; where `options.strict` is off, one that is refused does not stop the file.

    It is then one of `missing`, a list, under `name(item)` and with the words it was refused with.
    """
    for item in items:
        try:
            yield make(item)
        except ValueError as error:
            if options.strict:
                raise
            missing.append(Missing(shown(name(item)), str(error)))


def beside(path, pattern):
    """Files in the folder of `path` (or in it, if it is one) whose whole name matches `pattern`, sorted."""
    if on_the_web(path):
        return []
    folder = path if folders.is_folder(path) else parent(absolute(path))
    return [join(folder, name) for name in folders.listing(folder)[1] if re.fullmatch(pattern, name, re.IGNORECASE)]


def split_in_name(path):
    """The split that a list's name tells: `jester-v1-validation.csv` -> "val", or None.

    >>> split_in_name("data/something-something-v2-train.json"), split_in_name("testlist.txt"), split_in_name("all.txt")
    ('train', 'test', None)
    """
    found = re.search(r"(?<![a-z])(train|val|test)(ing|idation|idate|list|)(?![a-z])", file_name(path).lower())
    return found and canonical_split(found[1])
