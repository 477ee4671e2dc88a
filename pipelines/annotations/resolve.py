"""Joins the rows of a `Table` with label ids and with the files on disk, as clips or as spans."""

import dataclasses
import os

from absl import logging

from pipelines.annotations.entries import LABELS_FILE, SPLIT_NAMES, Entry, Manifest, Missing
from pipelines.annotations.files import Library, frames_in, located, not_there
from pipelines.annotations.labels import MOST_LABELS, LabelIds, composed, load_labels, sort_labels
from pipelines.annotations.spans import Span, Spans
from pipelines.annotations.table import Row
from pipelines.annotations.text import is_text, not_text_of
from pipelines.annotations.times import Clock
from pipelines.storage import folders
from pipelines.storage.addresses import absolute, file_name, is_remote, join, on_the_web, parent, shown
from pipelines.storage.file_systems import StorageError

NO_LENGTH = "has no length"


def resolve(table, source, options):
    """A `Manifest` of the rows whose file is there; the others are listed in its `missing`.

    Args:
        table: `Table`, as a format's `read` gives it.
        source: str. The annotation file or folder, for messages and for `labels.txt` beside it.
        options: `pipelines.annotations.ReadOptions`. `labels` fixes the ids; `videos` is where names are looked for;
            `strict` makes an empty outcome an error.
    """
    if options.strict:
        _check_names(table, source)
    names, origin = _label_list(table, source, options.labels)
    ids = LabelIds(names, origin)
    index = names if table.labels is None else table.labels
    find, clock = _finder(table, options, names), Clock(options.rate)
    entries, missing, counted = [], list(table.missing), []
    missing += [Missing(shown(names[0]), "nothing in it has a label") for names in table.empty]
    for row in table.rows:
        row_names = tuple(_name(label, index, row, origin) for label in row.labels)
        row_ids = tuple(ids[name] for name in row_names)
        path, frames, cut, reason = find(row, row_names)
        if not reason and frames is None and row.first_frame:
            reason = _part_of_file(row, source, options.strict)
        if reason:
            if options.strict and not is_text(row.names[0]):
                raise not_text_of(source, row.names[0])
            missing.append(Missing(shown(row.names[0]), reason, row.split))
            continue
        counted += [row] * (frames is None and row.num_frames is not None)
        times = clock.seconds(row, path) if cut else (None, None)
        if reason := _no_clip(times, row):
            missing.append(reason)
            continue
        start, end = times
        entries.append(Entry(path, row_ids, start, end, row.split, frames, row.first_frame, row.group, row.weight))
    if counted:
        logging.warning("'%s' gives `num_frames` to %d video files, the first '%s': it is for folders of frames, and "
                        "not used; parts of files are given as start and end", shown(source), len(counted),
                        shown(counted[0].names[0]))
    if options.multi_label:
        entries = _joined(entries)
    if options.strict and not entries:
        raise _nothing(missing, source, options.videos or table.folder)
    return Manifest(entries, names, missing, table.multi_label if options.multi_label is None else options.multi_label)


def _nothing(missing, source, folder):
    """The ValueError for a list of which no row is a clip that is there."""
    if missing and all(row.reason.endswith(NO_LENGTH) for row in missing):
        return ValueError(f"Expected labels that last, as clips, in '{source}'. Received {len(missing)} instants "
                          f"alone, the first of '{missing[0].path}'. Give each a start before its end.")
    example = f", such as '{missing[0].path}'" if missing else ""
    return ValueError(f"Expected at least one of the {len(missing)} videos of '{source}' to be there. None is below "
                      f"'{folder}'{example}. Pass the folder with the videos as videos=FOLDER, to a command as "
                      "--videos=FOLDER.")


def resolve_spans(table, source, options):
    """The `Spans` of a `Table`: one for each label of each row; a video without a file keeps its name."""
    if not table.complete and options.videos is None and not folders.is_folder(table.folder):
        table = dataclasses.replace(table, folder=parent(absolute(source)))
    if options.strict:
        _check_names(table, source)
    names, origin = _label_list(table, source, options.labels)
    index = names if table.labels is None else table.labels
    find, clock = _finder(table, options, names), Clock(options.rate)
    found = Spans(missing=list(table.missing))
    for places in table.empty:
        path, _, _, reason = find(Row(places), ())
        found.empty.append(places[0] if reason else path)
    for row in table.rows:
        labels = [_name(label, index, row, origin) for label in row.labels]
        path, _, cut, reason = find(row, tuple(labels))  # without a file, `path` is None
        times = clock.closed(clock.seconds(row, path), row, path)
        if not all(is_text(told) for told in (*labels, row.subject, row.group, row.annotator, row.split) if told):
            times = Missing(shown(row.names[0]), "its label, or what is told with it, is no text", row.split)
        if not all(label.strip() for label in labels):
            times = Missing(shown(row.names[0]), "an empty label", row.split)
        if isinstance(times, Missing):
            found.missing.append(times)
            continue
        if reason:
            found.unfound.append(Missing(shown(row.names[0]), reason, row.split))
        video, (start, end) = row.names[0] if reason else path, times if cut or reason else (None, None)
        if row.rate is not None:
            found.rates[video] = row.rate
        found.rows += [Span(video, start, end, label.strip(), row.subject, row.group, row.annotator, row.split,
                            row.score) for label in labels]
        if not labels:
            found.empty.append(video)
    found.unfound = list({row.path: row for row in found.unfound}.values())
    labelled = set(found.videos)  # by one row, where another says that it saw nothing
    found.empty = [video for video in dict.fromkeys(found.empty) if video not in labelled]
    return found


def _no_clip(times, row):
    """The `Missing` for a row that is no clip: one whose times nobody knows, or an instant; None for a clip."""
    if isinstance(times, Missing):
        return times
    start, end = times
    if start is None or start != end:
        return None
    label = ", ".join(map(str, row.labels))
    return Missing(shown(row.names[0]), f"its part from {start:g} s to {end:g} s, '{label}', {NO_LENGTH}", row.split)


def _check_names(table, source):
    """ValueError for a class that has no text for a name, which no file of labels could hold."""
    for row in table.rows:
        for label in row.labels:
            if isinstance(label, str) and not is_text(label):
                raise ValueError(f"Expected class names that are text in '{source}'. Received {os.fsencode(label)!r} "
                                 f"for '{row.names[0]}'. Rename the folder, or save the list as UTF-8.")


def _part_of_file(row, source, strict):
    """Why a row is refused that gives a video file what only folders of frames have."""
    if strict:
        raise ValueError(f"Expected a folder of frames for `first_frame`={row.first_frame} in '{source}'. Received "
                         f"'{shown(row.names[0])}', a video file. Give its part in seconds, as `start` and `end`.")
    return "a video file with `first_frame`, which is for folders of frames; give its part as start and end"


def _joined(entries):
    """One entry with all labels where several rows give the same part of a video different ones."""
    parts = {}
    for entry in entries:
        parts.setdefault(dataclasses.replace(entry, labels=()), []).append(entry)
    joined = []
    for part, same in parts.items():
        if len({entry.labels for entry in same}) > 1:
            labels = dict.fromkeys(label for entry in same for label in entry.labels)
            same = [dataclasses.replace(part, labels=tuple(labels))]
        joined += same
    return joined


def _label_list(table, source, labels):
    """The label names in the order of their ids, and where they come from."""
    if labels is not None:
        return list(labels), "the given label list"
    candidates = [folders.folder_of(source)]
    if file_name(source).casefold() in SPLIT_NAMES:  # the list of all splits lies above them
        candidates.append(parent(source))
    for folder in candidates:
        path = join(folder, LABELS_FILE)
        if folders.is_file(path):
            return load_labels(path), f"'{path}'"
    if table.labels is not None:
        return list(dict.fromkeys(map(composed, table.labels))), f"'{source}'"
    used = {composed(label) if isinstance(label, str) else label for row in table.rows for label in row.labels}
    numbers = [label for label in used if isinstance(label, int)]
    if numbers:
        if max(numbers) >= MOST_LABELS:
            row = next(row for row in table.rows if max(numbers) in row.labels)
            raise ValueError(f"Expected label ids below {MOST_LABELS} in '{source}'. Received {max(numbers)} for "
                             f"'{row.names[0]}'. Correct it, or pass the names that the ids stand for as labels=FILE.")
        used = {*map(str, range(max(numbers) + 1)), *(label for label in used if isinstance(label, str))}
    return sort_labels(used), f"'{source}'"


def _name(label, index, row, origin):
    if isinstance(label, str):
        return label
    if not 0 <= label < len(index):
        raise ValueError(f"Expected label ids below {len(index)}, the number of labels of {origin}. Received {label} "
                         f"for '{row.names[0]}'. Pass the label list that the ids were made with as labels=FILE; ids "
                         "that begin at 1 must be lowered by 1, or be names in a CSV manifest `path,label`.")
    return index[label]


def _finder(table, options, labels):
    """A function of (row, label names) that gives (path, frames or None, whether start and end apply, why not)."""
    if table.complete:
        return lambda row, names: (row.names[0], row.num_frames, True, None)
    folder = table.folder if options.videos is None else options.videos
    if not on_the_web(folder) and not folders.is_folder(folder):
        raise FileNotFoundError(f"Expected a folder of videos. Received '{shown(folder)}', which is "
                                f"{'a file' if folders.exists(folder) else 'not there'}. Pass videos=FOLDER.")
    library = None

    def find(row, names):
        nonlocal library
        for name in row.names:
            if not table.exact and not os.path.splitext(name)[1] and not os.path.dirname(name):
                continue  # an id, of which there may be hundreds of thousands
            path, kind = located(folder, name)
            if kind == "file":
                return path, None, not row.whole, None
            if kind == "folder":
                return _frames(path, row, not row.whole)
        if table.exact:
            return None, None, False, f"no such file in '{folder}'{not_there(row.names[0])}"
        library = Library(folder, labels) if library is None else library
        path, cut = library.find(row.names, names), not row.whole
        if path is None and row.whole:
            path, cut = library.find(row.whole, names), True
        if path is None:
            return None, None, cut, f"no file of this name below '{folder}'"
        return (path, None, cut, None) if library.frames[path] is None else _frames(path, row, cut)

    return find if options.strict else _patient(find)


def _patient(find):
    """`find`, for which an address that cannot be reached is a row without a file; each folder is tried once."""
    refused = {}

    def found(row, names):
        name = row.names[0]
        if not is_remote(name):
            return find(row, names)
        if parent(name) not in refused:
            try:
                return find(row, names)
            except StorageError as error:
                refused[parent(name)] = str(error)
        return None, None, False, refused[parent(name)]

    return found


def _frames(path, row, cut):
    there = frames_in(path) - row.first_frame
    wanted = there if row.num_frames is None else row.num_frames
    if there < max(wanted, 1):
        return None, None, cut, f"a folder of {max(there, 0)} frames, where {max(wanted, 1)} were expected"
    return path, wanted, cut, None
