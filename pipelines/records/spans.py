"""What happens when in the long videos whose frames are records: written and read by one module."""

import json

from pipelines.annotations.spans import Span, Spans
from pipelines.records import index
from pipelines.records.layout import SPANS_FILE
from pipelines.storage import addresses, files

COLUMNS = ("video", "start", "end", "label", "subject", "group", "annotator", "split")


def encode(videos, rows):
    """The text of SPANS_FILE: names of all videos in their order, and rows of COLUMNS."""
    return json.dumps({"videos": videos, "columns": COLUMNS, "spans": rows}) + "\n"


def read(folder):
    """The `Spans` of a folder that was prepared of long videos; its `records` is that folder.

    Videos are called as the records call them, and stand in the order that they have where the labels are read.

    Raises:
        ValueError: for a folder of other records, whose preparation is not finished, or with another SPANS_FILE.
    """
    summary = index.read_summary(folder)
    index.check_task(folder, summary, "spans")
    path = addresses.join(folder, SPANS_FILE)
    try:
        fields = json.loads(files.read_bytes(path).decode("utf-8", "surrogateescape"))
        rows = [Span(**dict(zip(COLUMNS, row, strict=True))) for row in fields["spans"]]
        videos = fields["videos"]
        if len(rows) != summary["spans"]:
            raise ValueError(f"it has {len(rows)} spans, the summary {summary['spans']}")
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"Expected '{addresses.shown(path)}' as it was prepared. It cannot be used: {error}. Copy the "
                         "folder again.") from None
    labelled = {row.video for row in rows}
    return Spans(rows, empty=[video for video in videos if video not in labelled], records=folder)
