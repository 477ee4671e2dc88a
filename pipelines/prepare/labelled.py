"""What is labelled in long videos, as a plan has it: the videos to prepare, and what happens in them when."""

from pipelines.annotations.entries import Entry, Manifest
from pipelines.records import spans as recorded
from pipelines.spans import read_spans
from pipelines.storage.addresses import shown


def read(data, options):
    """(`Spans`, `Manifest` of their videos, each with the labels that it shows).

    Args:
        data: what `pipelines.read_spans` reads.
        options: its other arguments; None is none.

    Raises:
        ValueError: for what `read_spans` refuses or does not take, labels of whole videos, and no spans at all.
    """
    options = {name: value for name, value in options.items() if value is not None}
    other = sorted(options.keys() - {"videos", "format", "rate", "first_frame"})
    if other:
        raise ValueError(f"Spans are prepared with all their videos and labels. Received: "
                         f"{', '.join(f'--{name}={options[name]}' for name in other)}. Leave it out.")
    spans = read_spans(data, **options)
    whole = next((span for span in spans if span.start is None or span.end is None), None)
    if whole is not None:
        raise ValueError(f"Expected a start and an end for every span. '{whole.label}' of '{shown(whole.video)}' has "
                         "none: it is the label of a whole video. Prepare such with --task=clips, or leave them out.")
    if not spans.rows:
        raise ValueError(f"Expected spans to prepare. Received none in '{shown(data)}'.")
    labels = sorted({span.label for span in spans})
    gone = {row.path for row in spans.unfound}
    of = {video: [] for video in _videos(spans)}
    for span in spans:
        of[span.video].append(span)
    entries = [_entry(video, found, labels) for video, found in of.items() if shown(video) not in gone]
    return spans, Manifest(entries, labels, spans.unfound, multi_label=True)


def told(spans, name_of):
    """The text that records keep of spans, their videos called as `name_of` calls them."""
    rows = [[name_of(span.video), *(getattr(span, column) for column in recorded.COLUMNS[1:])] for span in spans]
    return recorded.encode([name_of(video) for video in _videos(spans)], rows)


def _videos(spans):
    return list(dict.fromkeys([*spans.videos, *spans.empty]))


def _entry(video, spans, labels):
    ids = sorted({labels.index(span.label) for span in spans})
    first = next(iter(spans), None)
    return Entry(video, tuple(ids), split=first and first.split, group=first and first.group)
