"""Whether labels are of spans in long videos; nothing here waits for Keras."""

import collections

import numpy as np

from pipelines.annotations import columns, reading
from pipelines.annotations.text import LOOKED_AT, read_text, separated
from pipelines.records import index, layout
from pipelines.spans import read_spans
from pipelines.storage import addresses, files, folders

OF_TIMELINES = ("label_studio", "via", "boris", "elan", "cvat", "deepethogram", "create_ml", "fiftyone", "e2e_spot",
                "soccernet")  # formats of tools that people label long videos with
SEVERAL = 2  # spans of a video, in the middle of all


def span_line(data, read=None, **lists):
    """One line that says why `data` is labels of spans in long videos; None where it may as well be one of clips.

    It is where every label has its times, and either some are instants, which are no clips, or most videos have several
    and the file is that of a tool for timelines, or a table whose column of files is called `video`.

    `read` is a function that gives the labels, `Spans`, or None to read them here.
    """
    try:
        if layout.are_records(data):
            return _of_records(data)
        format = lists.get("format") or reading.detect(data)
        if format not in (*OF_TIMELINES, "manifest") or (format == "manifest" and not _of_videos(data)):
            return None
        spans = read_spans(data, **lists) if read is None else read()
    except (OSError, ValueError):
        return None  # what is wrong with it is said by whoever reads it as clips
    if not len(spans) or any(span.start is None or span.end is None for span in spans):
        return None
    counts = collections.Counter(span.video for span in spans)
    if np.median(list(counts.values())) < SEVERAL:
        return None
    return (f"{'task':<12} spans: {spans.summary()}, all with their times; --task=clips would take each span for a "
            "clip")


def _of_records(folder):
    """The line of a folder of records, or None for those of clips."""
    if not files.exists(addresses.join(folder, layout.SUMMARY_FILE)) or (
            index.task_of(index.read_summary(folder)) != "spans"):
        return None
    return f"{'task':<12} spans: the records in '{addresses.shown(folder)}' were prepared for them"


def _of_videos(path):
    """Whether a table calls its column of files `video`, as tables of spans do."""
    if folders.is_folder(path):
        return False
    header = separated(read_text(path, LOOKED_AT, names=True))[1]
    return "video" in [columns.plain_column(name) for name in next(iter(header), [])]
