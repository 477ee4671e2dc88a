"""What happens when in which video: spans and instants, as rows of one form whatever tool they come from."""

import collections
import csv
import dataclasses
import os
from collections.abc import Iterable

from pipelines.annotations.entries import Missing, relative
from pipelines.annotations.labels import sort_labels
from pipelines.storage.addresses import shown
from res3d.atomic import writing
from res3d.joined import join

COLUMNS = ("video", "start", "end", "label", "subject", "group", "annotator", "split", "score")
ALWAYS = COLUMNS[:4]


@dataclasses.dataclass(frozen=True)
class Span:
    """One thing that happens in a video, for a while or at once.

    Args:
        video: str. The file: a path or an address; a name, where no file was found.
        start: float or None. Seconds at which it begins; None where the label is the whole video's.
        end: float or None. Seconds at which it ends, not included; an instant has `end == start`.
        label: str. What it is.
        subject: str or None. Who does it: a person, an animal, a track.
        group: str or None. The person, recording or place that other videos show as well.
        annotator: str or None. Who labelled it.
        split: str or None. "train", "val", "test" or a name of the data set's own.
        score: float or None. How sure a model is of it.
    """

    video: str
    start: float | None
    end: float | None
    label: str
    subject: str | None = None
    group: str | None = None
    annotator: str | None = None
    split: str | None = None
    score: float | None = None

    @property
    def is_instant(self) -> bool:
        """Whether it has a time and no length."""
        return self.start is not None and self.start == self.end


@dataclasses.dataclass
class Spans:
    """The labels of a file, and what of it is none.

    Args:
        rows: list of `Span`, in the order of the file.
        missing: list of `Missing`: what was passed over, each with its reason.
        unfound: list of `Missing`: videos of rows, of which no file was found.
        empty: videos that were looked at and show nothing that has a label.
        rates: {video: frames a second that its labels were counted at}, of tools that say it.
        records: the prepared folder that holds the frames of the videos, or None where they are files.

    >>> found = Spans([Span("a.mp4", 1.0, 2.5, "run"), Span("a.mp4", 3.0, 3.0, "jump")])
    >>> found.summary(), found.labels
    ('1 span and 1 instant of 2 labels in 1 video', ['jump', 'run'])
    """

    rows: list[Span] = dataclasses.field(default_factory=list)
    missing: list[Missing] = dataclasses.field(default_factory=list)
    unfound: list[Missing] = dataclasses.field(default_factory=list)
    empty: list[str] = dataclasses.field(default_factory=list)
    rates: dict[str, float] = dataclasses.field(default_factory=dict)
    records: str | None = None

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)

    @property
    def labels(self) -> list[str]:
        """The names of labels, sorted as those of a manifest."""
        return sort_labels(row.label for row in self.rows)

    @property
    def videos(self) -> list[str]:
        """Videos with at least one row, in order of appearance."""
        return list(dict.fromkeys(row.video for row in self.rows))

    def counts(self) -> dict[str, int]:
        """{label: number of rows}, in the order of `labels`."""
        found = collections.Counter(row.label for row in self.rows)
        return {label: found[label] for label in self.labels}

    def summary(self) -> str:
        """One line: spans, instants, labels of whole videos, and how much was passed over."""
        instants = sum(row.is_instant for row in self.rows)
        whole = sum(row.start is None and row.end is None for row in self.rows)
        kinds = [(len(self.rows) - instants - whole, "span"), (instants, "instant"), (whole, "label of a whole video")]
        told = [_number(count, name) for count, name in kinds if count] or ["no span"]
        text = f"{' and '.join(told)} of {_number(len(self.labels), 'label')} in {_number(len(self.videos), 'video')}"
        more = [(len(self.empty), "{} without any"), (len(self.unfound), "{} without a file")]
        text += "".join(f"; {words.format(_number(count, 'video'))}" for count, words in more if count)
        return text + (f"; {_number(len(self.missing), 'entry')} passed over" if self.missing else "")

    def save(self, path: str | os.PathLike) -> None:
        """Writes a CSV `video,start,end,label[,subject,group,annotator,split,score]` that `read_spans` reads back.

        Paths are relative to the CSV's folder if they can be; columns that no row fills are left out.
        """
        with writing(path, "w", errors="surrogateescape", newline="") as file:
            write_table(file, self.rows, os.path.dirname(os.path.abspath(path)))


def write_table(file, rows: Iterable[Span], folder):
    """Writes rows as CSV into an open file whose paths begin at `folder`."""
    rows = list(rows)
    columns = [name for name in COLUMNS if name in ALWAYS or any(getattr(row, name) is not None for row in rows)]
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = dataclasses.asdict(row) | {"video": relative(row.video, folder) if os.path.isabs(row.video)
                                           else row.video, "label": join([row.label])}
        writer.writerow("" if cells[name] is None else cells[name] for name in columns)


def told(missing):
    """(reason, number, an example) of what was passed over, most frequent first."""
    same = collections.Counter(row.reason for row in missing)
    example = {row.reason: shown(row.path) for row in reversed(missing)}
    return [(reason, count, example[reason]) for reason, count in same.most_common()]


def _number(count, name):
    many = {"entry": "entries", "label of a whole video": "labels of whole videos"}.get(name, f"{name}s")
    return f"{count} {name if count == 1 else many}"
