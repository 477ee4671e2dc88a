"""Lists of `path label`, one clip a line, and of folders of frames, `folder frames label`.

The separator is whatever stands before the label: a comma, a semicolon, a tab or spaces; paths may hold spaces. Labels
are ids from 0 (pass `labels` for their names), or single words. Several ids after a path are several labels. Three
numbers after a folder are offset, frames and label, or frames and two labels, and two numbers or more after every video
may be frames and a label, or labels: pass `multi_label` to say which.
"""

import re

from pipelines.annotations.files import located
from pipelines.annotations.table import Row, Table, first_lines, kept, read_lines, split_in_name
from pipelines.annotations.text import check_text, held_in
from pipelines.storage.addresses import parent

SEPARATORS = (r"\s*,\s*", r"\s*;\s*", r"\t+", r"\s+")


def knows(path):
    """A text list whose rows end in a number, or in a word after a path with a suffix."""
    lines = first_lines(path)
    return bool(lines) and all(re.search(r"[\s,;]\d+$|\.\w{2,4}[\s,;]+\S+$", line) for line in lines)


def read(path, options):
    """A `Table` of all rows."""
    numbered = read_lines(path)
    lines = [line for _, line in numbered]
    if not lines:
        raise ValueError(f"Expected rows `path label` in '{path}'. It holds {held_in(path)}. Add videos.")
    separator = next(s for s in SEPARATORS if all(re.search(s + r"\S+$", line) for line in lines) or s == r"\s+")
    missing = []
    parsed = list(kept(lambda item: _parse(item[1], item[0], separator, path), numbered, options, missing,
                       lambda item: item[1]))
    folders = [place for place in (options.videos, parent(path)) if place is not None]
    lengths = {len(numbers) for _, numbers in parsed}
    frames = min(lengths, default=0) > 1 and all(_is_frames(name, folders) for name, _ in parsed)
    offset = frames and lengths == {3} and options.multi_label is not True
    if offset and options.multi_label is None:
        raise ValueError(f"Expected rows `folder frames label` in '{path}'. Received three numbers, as in "
                         f"{lines[0]!r}: offset, frames, label, or frames and two labels. Pass multi_label=False for "
                         "the first, multi_label=True for the second, or format='mmaction' for videos in parts.")
    same = not frames and len(lengths) == 1 and max(lengths) > 1 and _all_numbers(parsed)
    if same and options.multi_label is None:
        raise ValueError(f"Expected rows `path label` in '{path}'. Received {max(lengths)} numbers after every video, "
                         f"as in {lines[0]!r}: that many labels, or times or frames and a label. Pass multi_label=True "
                         "for labels, multi_label=False for `path frames label`, or write a CSV manifest "
                         "`path,label,start,end`.")
    counted = same and lengths == {2} and not options.multi_label
    split = split_in_name(path)
    rows = []
    for name, numbers in parsed:
        first, numbers = (numbers[0], numbers[1:]) if offset else (0, numbers)
        count, numbers = (numbers[0], numbers[1:]) if frames else (None, numbers[1:] if counted else numbers)
        rows.append(Row((name,), tuple(numbers), split=split, num_frames=count, first_frame=first))
    several = any(len(row.labels) > 1 for row in rows)
    return Table(rows, None, parent(path), exact=True, multi_label=True if several else None, missing=missing)


def _all_numbers(parsed):
    return all(isinstance(number, int) for _, numbers in parsed for number in numbers)


def _parse(line, number, separator, path):
    fields = re.split(separator, line)
    count = 0
    while count < len(fields) - 1 and fields[-1 - count].isdecimal():
        count += 1
    labels = [int(field) for field in fields[len(fields) - count:]]
    if not labels and len(fields) > 1:
        labels, count = [fields[-1]], 1
        check_text(labels, path, number)
    if not labels:
        raise ValueError(f"Expected `path label` in '{path}', line {number}. Received: {line!r}. Add the label.")
    name = line
    for _ in range(count):
        name = re.sub(separator + r"\S+$", "", name)
    return name, labels


def _is_frames(name, folders):
    """Whether a name without a suffix, or one that is a folder on disk, stands for frames."""
    kinds = {located(folder, name)[1] for folder in folders}
    return "folder" in kinds or (not re.search(r"\.\w{2,4}$", name) and "file" not in kinds)
