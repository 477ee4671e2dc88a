"""What is wrong with labels in time: beyond the end, over one another, unpaired, spelt in two ways, counted wrongly."""

import collections
import os
import re

from pipelines.annotations import reading
from pipelines.annotations.entries import Manifest
from pipelines.annotations.files import may_be_video
from pipelines.annotations.labels import composed
from pipelines.annotations.spans import Spans, told
from pipelines.annotations.times import number
from pipelines.doctor.agreement import agreement
from pipelines.doctor.reported import counted, reported
from pipelines.spans import read_spans
from pipelines.storage import folders
from pipelines.storage.addresses import absolute, file_name, is_remote, shown

TIMED = ("manifest", "database", *(name for name, module in reading.FORMATS.items() if ".tools." in module))
UNPAIRED = re.compile(r"never stops$|without a start$|again before it stops$")
CLIPPED = 1.0  # seconds by which a label may end after its video and still be meant
LEAST = 0.05  # seconds that are rounding
NEAR = 0.02  # share by which two rates differ and are meant to be one
FRAME = 0.04  # seconds of drift over a video that can be seen


def spans_of(data, **options):
    """The `Spans` of a file of labels in time, whatever can be read of it; none of other data.

    Args:
        data: what `check` takes.
        options: as `pipelines.spans.read_spans` takes them; those that are None are left out.
    """
    if isinstance(data, Manifest) or not folders.is_file(absolute(data)) or may_be_video(file_name(absolute(data))):
        return Spans()
    options = {name: value for name, value in options.items() if value is not None}
    form = options.pop("format", None) or reading.detect(absolute(data))
    if form not in TIMED:
        return Spans()
    found = read_spans(data, strict=False, format=form, **options)
    return found if any(row.start is not None for row in found) or found.missing else Spans()


def files_of(spans):
    """The videos of spans that have a file."""
    unfound = {row.path for row in spans.unfound}
    return {video for video in (*spans.videos, *spans.empty) if shown(video) not in unfound
            and (is_remote(video) or os.path.isabs(video))}


def looks(spans, good):
    """(facts, warnings) of `Spans`, and of `good`, {path: what `examine` found}.

    The facts are JSON-ready: `spans`, `instants`, `videos`, and `agreement`, as `agreement` gives it, or None; {} where
    there are no spans.
    """
    if not spans.rows and not spans.missing:
        return {}, []
    lengths = {path: video["duration_seconds"] for path, video in good.items()}
    agreed = agreement(spans, lengths)
    facts = {"spans": sum(not row.is_instant for row in spans), "instants": sum(row.is_instant for row in spans),
             "videos": len(spans.videos), "agreement": agreed}
    warnings = [warning for look in (_passed_over, _beyond, _overlaps, _rates) for warning in look(spans, good)]
    return facts, warnings + list(_agreed(agreed))


def spellings(labels):
    """Lists of labels that differ in case, blanks, signs or accents alone.

    >>> spellings(["pick up", "Pick_up", "pickup", "run"])
    [['Pick_up', 'pick up', 'pickup']]
    """
    same = collections.defaultdict(list)
    for label in sorted(labels):
        same[re.sub(r"[\W_]+", "", composed(label).casefold()) or label].append(label)
    return [names for names in same.values() if len(names) > 1]


def spelt(labels):
    """The warning of labels that are one class in two spellings."""
    found = spellings(labels)
    if found:
        yield reported("two spellings", f"{counted(len(found), 'class is', 'classes are')} spelt in several ways: "
                       f"{'; '.join(' = '.join(map(repr, names)) for names in found[:5])}{'; ...' * (len(found) > 5)}",
                       "Each spelling is a class of its own. Keep one.", [])


def _passed_over(spans, good):
    unpaired = [row for row in spans.missing if UNPAIRED.search(row.reason)]
    if unpaired:
        yield reported("unpaired starts", counted(len(unpaired), "start or stop has no partner",
                                                  "starts or stops have no partner"), "Mend them in the tool: "
                       "without the other end they are no span, and are left out.", _paths(unpaired),
                       [f"{row.path}: {row.reason}" for row in unpaired])
    others = [row for row in spans.missing if not UNPAIRED.search(row.reason)]
    if others:
        yield reported("passed over", counted(len(others), "entry is no label in time",
                                              "entries are no label in time"), "Look whether one of them was "
                       "meant to be.", _paths(others),
                       [f"{count} x {reason} ({example})" for reason, count, example in told(others)])


def _beyond(spans, good):
    over = [(row, max(row.start, row.end) - good[row.video]["duration_seconds"]) for row in spans
            if row.video in good and row.start is not None and row.end is not None]
    for kind, found, advice in (
            ("labels beyond the end", [(row, by) for row, by in over if by > CLIPPED],
             "Labels of another video, or counted at another rate than they are read at"),
            ("labels end late", [(row, by) for row, by in over if LEAST < by <= CLIPPED],
             "Nothing to do here, if they are few: they end with the video")):
        if found:
            hint = _hint(found, spans, good) if kind == "labels beyond the end" else ""
            end = counted(len(found), "label ends after its video", "labels end after their video")
            yield reported(kind, f"{end}, by up to {max(by for _, by in found):.2f} s", f"{advice}{hint}.",
                           list(dict.fromkeys(row.video for row, _ in found)),
                           [f"{shown(row.video)}: '{row.label}' from {row.start:g} s to {row.end:g} s ends {by:.2f} s "
                            "after it" for row, by in found])


def _hint(found, spans, good):
    """Words on the rate that would bring labels back into their videos, where the tool counts frames."""
    rates = {(spans.rates[row.video], round(good[row.video]["fps"], 3)) for row, _ in found if row.video in spans.rates}
    if len(rates) != 1:
        return ""
    counted, fps = rates.pop()
    return f": the tool counted {counted:g} frames a second, the video has {fps:g}; try --rate={fps:g}"


def _overlaps(spans, good):
    """Warnings of spans of one annotator and subject over one another: of one label, and of several."""
    same = collections.defaultdict(list)
    for row in spans:
        if row.start is not None and row.end is not None and not row.is_instant:
            same[row.video, row.annotator, row.subject].append(row)
    twice, several = [], []
    for rows in same.values():
        reach = {}  # label: the one that reaches furthest so far
        for row in sorted(rows, key=lambda row: (row.start, row.end)):
            for label, other in reach.items():
                if other.end > row.start + 1e-9:
                    (twice if label == row.label else several).append((other, row))
            if row.label not in reach or reach[row.label].end < row.end:
                reach[row.label] = row
    for kind, pairs, advice in (
            ("one label twice", twice, "They count as one span that is longer, or as one too many. Join them."),
            ("labels overlap", several, "Right where several things happen at once: a model then needs a score of its "
             "own for each label. As clips, they contradict one another.")):
        if pairs:
            yield reported(kind, counted(len(pairs), "pair of spans overlaps", "pairs of spans overlap"), advice,
                           sorted({a.video for a, _ in pairs}),
                           [f"{shown(a.video)}: '{a.label}' {a.start:g} to {a.end:g} s and '{b.label}' {b.start:g} to "
                            f"{b.end:g} s" for a, b in pairs])


def _rates(spans, good):
    found = []
    for path, rate in spans.rates.items():
        fps = good[path]["fps"] if path in good else number(None)
        drift = abs(rate / fps - 1.0)
        if 1e-6 < drift < NEAR and drift * good[path]["duration_seconds"] > FRAME:
            found.append((path, rate, fps, drift))
    if found:
        worst = 3600 * max(drift for *_, drift in found)
        which = counted(len(found), "video at nearly, and not quite, its rate",
                        "videos at nearly, and not quite, their rates")
        yield reported("drift of rates", f"the tool counted {which}: "
                       f"up to {worst:.1f} s an hour", "Label times may slide against "
                       "the pictures. Give the tool the video's own rate, or --rate the tool's.",
                       [path for path, *_ in found],
                       [f"{shown(path)}: {rate:.6g} against {fps:.6g} frames a second, "
                        f"{drift * good[path]['duration_seconds']:.2f} s at its end"
                        for path, rate, fps, drift in found])


def _agreed(found):
    if found:
        yield reported("agreement of annotators", f"{len(found['annotators'])} annotators of "
                       f"{counted(found['videos'], 'video', 'videos')}: "
                       f"Cohen's kappa over time {_said(found['kappa'])}", "1 is full agreement, 0 what chance gives. "
                       "All their labels are kept: settle what differs, or train on those of one.", [],
                       [f"'{label}': kappa {_said(one['kappa'])}, mean tIoU {one['tiou']:.2f}"
                        for label, one in sorted(found["classes"].items(), key=lambda item: item[1]["tiou"])])


def _said(kappa):
    return "not defined, all say the same" if kappa is None else f"{kappa:.2f}"


def _paths(rows):
    return list(dict.fromkeys(row.path for row in rows))
