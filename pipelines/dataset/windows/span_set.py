"""Videos and what happens in them, as windows are taken from: `SpanSet`."""

import collections
import json
import os
from collections.abc import Iterable

from pipelines.annotations.spans import Span, Spans
from pipelines.storage.addresses import shown
from pipelines.storage.folders import read_bytes
from res3d.atomic import write_aside


class SpanSet:
    """Videos, and the spans in them; a video may have none.

    Args:
        spans: `pipelines.annotations.Spans`, as `pipelines.read_spans` gives them, or `Span`s.
        videos: paths; those of the spans are among them whether named or not, and so are those found without any.
        labels: names in the order of their ids, or None for those found, sorted.
        records: folder that holds the frames of the videos, or None for that of the `Spans`, or files.

    Raises:
        ValueError: for a span without times, or whose label is not among `labels`.

    >>> spans = SpanSet([Span("a.mp4", 1.0, 2.5, "serve"), Span("a.mp4", 4.0, 4.0, "bounce")], ["b.mp4"])
    >>> spans.labels, spans.instants, spans.videos, spans.overlapping
    (['bounce', 'serve'], ['bounce'], ['b.mp4', 'a.mp4'], False)
    """

    def __init__(self, spans: Spans | Iterable[Span], videos: Iterable[str] = (),
                 labels: Iterable[str] | None = None, records: str | None = None) -> None:
        empty, of_spans = (spans.empty, spans.records) if isinstance(spans, Spans) else ([], None)
        self.records = of_spans if records is None else records
        self.spans = list(spans)
        self.videos = list(dict.fromkeys([*videos, *(span.video for span in self.spans), *empty]))
        found = sorted({span.label for span in self.spans})
        self.labels = found if labels is None else list(labels)
        unknown = [label for label in found if label not in self.labels]
        if unknown:
            raise ValueError(f"`labels` must have the label of every span. Received {self.labels}, without "
                             f"{', '.join(unknown)}.")
        self._of = collections.defaultdict(list)
        for span in sorted(self.spans, key=_times):
            self._of[span.video].append(span)

    def of(self, video: str) -> list[Span]:
        """The spans of a video in the order of time."""
        return list(self._of.get(video, ()))

    def select(self, videos: Iterable[str]) -> "SpanSet":
        """The same of some of the videos, with all labels."""
        videos = list(videos)
        return SpanSet([span for video in videos for span in self.of(video)], videos, self.labels,
                       self.records)

    @property
    def instants(self) -> list[str]:
        """Labels whose spans are all moments."""
        lasting = {span.label for span in self.spans if not span.is_instant}
        found = {span.label for span in self.spans}
        return [label for label in self.labels if label in found and label not in lasting]

    @property
    def overlapping(self) -> bool:
        """Whether two spans of different labels share time in some video."""
        for spans in self._of.values():
            last: dict = {}
            for span in spans:
                start, end = _times(span)
                if any(until > start for label, until in last.items() if label != span.label):
                    return True
                last[span.label] = max(end, last.get(span.label, 0.0))
        return False

    def save(self, path: str | os.PathLike) -> None:
        """Writes videos, spans and labels as JSON, which `load` reads back."""
        rows = [[span.video, *_times(span), span.label, span.group] for span in self.spans]
        fields = {"labels": self.labels, "videos": self.videos, "spans": rows, "records": self.records}
        write_aside(path, json.dumps(fields, indent=1) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike) -> "SpanSet":
        """Reads what `save` wrote."""
        fields = json.loads(read_bytes(path))
        rows = [Span(video, start, end, label, group=group) for video, start, end, label, group in fields["spans"]]
        return cls(rows, fields["videos"], fields["labels"], fields.get("records"))

    def __len__(self):
        return len(self.spans)

    def __repr__(self):
        return f"SpanSet({len(self.spans)} spans of {len(self.labels)} labels in {len(self.videos)} videos)"


def _times(span) -> tuple[float, float]:
    """(start, end) of a span; ValueError for a label of a whole video."""
    if span.start is None or span.end is None:
        raise ValueError(f"Expected a start and an end for every span. '{span.label}' of '{shown(span.video)}' has "
                         "none: it is the label of a whole video. Train on such with task clips, or leave them out.")
    return float(span.start), float(span.end)
