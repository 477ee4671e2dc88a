"""What is labelled in long videos, as `pipelines.read_spans` reads it."""

from pipelines.records import layout
from pipelines.spans import read_spans
from pipelines.storage.addresses import shown


def read_labels(data, **lists):
    """The `Spans` of `data`.

    Raises:
        ValueError: for a folder of records, of which each is a clip, and for what `read_spans` refuses.
    """
    if layout.are_records(data):
        raise ValueError("Windows are taken out of long videos, whose decoded frames `data.cache` keeps. Received "
                         f"the records in '{shown(data)}', which hold clips. Name the labels that they were made of.")
    return read_spans(data, **lists)
