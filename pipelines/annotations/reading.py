"""The layouts of annotation files: finds out which one a file has, and reads it.

A layout is a module of `pipelines.annotations.formats` with `knows(path)`, which looks at names and first lines, and
`read(path, options)`, which gives a `Table` of rows that `resolve` joins with the files on disk. Layouts are imported
when a file is offered to them, so that commands can name them all for their help at little cost. Those of tools that
people label with, in `formats.tools`, are layouts like the others: a span is a row with a start and an end.
"""

import dataclasses
import importlib
import os

from pipelines.annotations.resolve import resolve, resolve_spans
from pipelines.annotations.text import held_in
from pipelines.storage import folders
from pipelines.storage.addresses import all_shown

_TOOLS = "pipelines.annotations.formats.tools"
FORMATS = {  # in the order in which a file or folder is offered to them; the first that knows it takes it
    "label_studio": f"{_TOOLS}.label_studio",
    "via": f"{_TOOLS}.via",
    "boris": f"{_TOOLS}.boris",
    "elan": f"{_TOOLS}.elan",
    "cvat": f"{_TOOLS}.cvat",
    "deepethogram": f"{_TOOLS}.deepethogram",
    "create_ml": f"{_TOOLS}.create_ml",
    "fiftyone": f"{_TOOLS}.fiftyone",
    "e2e_spot": f"{_TOOLS}.e2e_spot",
    "soccernet": f"{_TOOLS}.soccernet",
    "charades": f"{_TOOLS}.charades",
    "manifest": "pipelines.annotations.formats.manifest_csv",
    "kinetics": "pipelines.annotations.formats.kinetics",
    "ucf101": "pipelines.annotations.formats.ucf101",
    "hmdb51": "pipelines.annotations.formats.hmdb51",
    "something": "pipelines.annotations.formats.something",
    "jester": "pipelines.annotations.formats.jester",
    "database": "pipelines.annotations.formats.database",
    "mmaction": "pipelines.annotations.formats.mmaction",
    "list": "pipelines.annotations.formats.path_list",
    "folders": "pipelines.annotations.formats.folders",
}

IN_FOLDERS = ("folders", "hmdb51", "ucf101")  # whose `read` says itself what a folder lacks


@dataclasses.dataclass(frozen=True)
class ReadOptions:
    """What a reader may be told; the fields are the arguments of `read_manifest`, and of `read_spans`.

    `rate` and `first_frame` say how a tool numbers frames.
    """

    labels: list | None = None
    videos: str | None = None
    fold: int = 1
    multi_label: bool | None = None
    strict: bool = True
    split_by: str | None = None
    rate: float | None = None
    first_frame: int = 1


def read(path, format=None, **options):
    """A `Manifest` of `path`, a file or a folder; arguments as of `pipelines.manifest.read_manifest`."""
    return _read(path, format, ReadOptions(**options), resolve)


def read_spans(path, format=None, **options):
    """The `Spans` of `path`, a file or a folder; arguments as of `pipelines.spans.read_spans`."""
    return _read(path, format, ReadOptions(**options), resolve_spans)


def _read(path, format, options, join):
    with folders.remembered():
        try:
            return join(parse(path, format, options), path, options)
        except ValueError as error:
            text = all_shown(str(error))
            if text == str(error):
                raise
            found = ValueError(text)  # an address may carry secrets
    raise found


def parse(path, format=None, options=None):
    """The `Table` of an annotation file, before any video is looked for."""
    format, options = format or detect(path), options or ReadOptions()
    if options.split_by is not None and format != "manifest":
        raise ValueError("`split_by` names a column of a CSV manifest. Received: "
                         f"split_by={options.split_by!r} for '{path}', of format '{format}'. Leave it out, or write a "
                         "manifest `path,label` with that column.")
    path = os.fspath(path)
    if format not in IN_FOLDERS and folders.is_folder(path) and not module(format).knows(path):
        raise ValueError(f"Expected a file of format '{format}'. Received the folder '{path}', which has none that the "
                         "format knows. Name another format, or pass the file.")
    if format == "folders" and not folders.is_folder(path):
        raise ValueError(f"Expected a folder per class. '{path}' is no folder but holds {held_in(path)}. Name another "
                         "format.")
    return module(format).read(path, options)


def module(name):
    """The module of one format."""
    if name not in FORMATS:
        raise ValueError(f"An annotation format is one of {', '.join(FORMATS)}. Received: {name!r}.")
    return importlib.import_module(FORMATS[name])


def detect(path):
    """The name of the format that `path` is in; ValueError if none knows it."""
    path = os.fspath(path)
    for name in FORMATS:
        if module(name).knows(path):
            return name
    raise ValueError(f"Expected a folder per class, a CSV manifest `path,label` or one of the layouts "
                     f"{', '.join(FORMATS)}. '{path}' is none of them: it holds {held_in(path)}. Name one with "
                     "format=.")
