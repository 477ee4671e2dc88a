"""The report of `check` as people read it: text for a terminal, or one page."""

import os
import pathlib
import re

from pipelines.doctor import stills
from pipelines.doctor.reported import counted
from pipelines.storage.addresses import shown
from res3d.atomic import writing
from res3d.looks.charts import histogram
from res3d.looks.rendering import render

SHOWN = 20  # lines of a list; --json and --report have all
# What spoils a figure, worst first.
GRAVE = ("duplicates across splits", "same moments", "contradicting", "unusable", "same background", "missing",
         "parts without frames", "empty classes", "absent from a split", "unlabelled")


def as_text(report):
    """The report for a terminal."""
    lines = [headline(report)]
    for title, rows in (("unusable", report["bad"]), ("parts without frames", report["bad_parts"]),
                        ("missing", report["missing"])):
        if rows:
            lines += ["", f"{title} ({len(rows)}):"] + [f"  {row['path']}: {row['reason']}" for row in rows[:SHOWN]]
            lines += [f"  ... and {len(rows) - SHOWN} more; --json lists all"] * (len(rows) > SHOWN)
    if report["warnings"]:
        lines += ["", "warnings:"]
        for warning in report["warnings"]:
            lines.append(f"  {warning['kind']}: {warning['message']}.")
            lines += [f"      such as {detail}" for detail in warning["details"][:1]]
            lines.append(f"      {warning['advice']}")
    counts = report["classes"]
    if counts:
        lines += ["", f"classes ({len(counts)}):"]
        lines += [f"  {count:6d}  {label}" for label, count in list(counts.items())[:SHOWN]]
        lines += [f"  ... and {len(counts) - SHOWN} more"] * (len(counts) > SHOWN)
    if report["usable"]:
        lines.append("")
        for title in ("sizes", "rates", "containers", "codecs"):
            values = list(report[title].items())
            lines.append(f"{title}: " + ", ".join(f"{value} ({count})" for value, count in values[:8])
                         + (", ..." if len(values) > 8 else ""))
        lines += [f"{title}: {_spread(report[title])}" for title in ("frames", "seconds")]
        cost = report["cost"]
        lines.append(f"cost of a clip of {cost['clip']}: frames decoded for each frame used "
                     f"{_spread(cost['frames_decoded_per_frame_used'])}; with jumps to key frames "
                     f"{_spread(cost['with_jumps_to_key_frames'])}; longest gap between key frames "
                     f"{_spread(cost['longest_key_frame_gap'])}")
    return "\n".join(lines)


def headline(report):
    """How much can be used: of the files, and of the rows, where these are parts of files."""
    videos = f"of {report['files']} videos"
    text = counted(report["usable"], f"{videos} is usable", f"{videos} are usable")
    if report["rows"] == report["files"] and not report["bad_parts"]:
        return text
    return f"{text}, {report['usable_rows']} of {report['rows']} rows of the list"


def write_page(path, report, data, manifest=None, progress=None):
    """Writes the report as one HTML file that needs no other, aside and renamed.

    Args:
        path: the file.
        report: as `check` gives it.
        data: where the data are, as it was asked for.
        manifest: `Manifest` of the usable videos, some of which are shown, or None for a page without pictures.
        progress: None, or a function of a number of videos that returns a function to call after each.
    """
    seconds = [float(value) for value, count in report["lengths"].items() for _ in range(count)]
    shows = manifest is not None
    place = shown(data)
    text = render(pathlib.Path(__file__).parent, "doctor.html.j2", title=f"Data set check: {place}", report=report,
                  data=place, inside=lambda path: _inside(path, place),
                  spread=_spread, headline=headline(report), steps=steps(report),
                  lengths=histogram("Length of the videos", seconds, "s"),
                  wall=stills.wall(manifest, progress) if shows else {},
                  pairs=stills.pairs([*stills.copies(report), *report["leaks"]], progress) if shows else [],
                  ends=stills.ends(report, progress) if shows else [])
    with writing(path, "w", errors="backslashreplace") as file:
        file.write(text)


def steps(report):
    """What to do, the gravest first: dicts of `kind`, `message`, `advice`, `details`, and whether it is `grave`.

    >>> [step["kind"] for step in steps({"bad": [], "bad_parts": [], "warnings": [
    ...     {"kind": "cost", "message": "", "advice": "", "details": []},
    ...     {"kind": "duplicates across splits", "message": "", "advice": "", "details": []}]})]
    ['duplicates across splits', 'cost']
    """
    found = []
    for kind, rows, message, advice in (
            ("unusable", report["bad"], ("cannot be read",) * 2, "Fetch or re-encode them, or go on without: "
             "--manifest lists the others."),
            ("parts without frames", report["bad_parts"], ("row names nothing that is there",
             "rows name nothing that is there"), "Correct their times, or "
             "remove the rows.")):
        if rows:
            found.append({"kind": kind, "message": counted(len(rows), *message), "advice": advice,
                          "details": [f"{row['path']}: {row['reason']}" for row in rows]})
    order = sorted([*found, *report["warnings"]], key=lambda step: _rank(step["kind"]))
    return [step | {"grave": _rank(step["kind"]) < len(GRAVE)} for step in order]


def _inside(line, data):
    """A line with its paths as they lie inside the data, whichever of the two is absolute.

    >>> _inside("data/run/a.avi = data/b.avi", "data/"), _inside(os.path.abspath("data/a.avi"), "data")
    ('run/a.avi = b.avi', 'a.avi')
    """
    for folder in (data, os.path.abspath(data)):
        line = re.sub(rf"(?<!\S){re.escape(folder.rstrip('/'))}/", "", line)
    return line


def _rank(kind):
    return next((i for i, words in enumerate(GRAVE) if kind.startswith(words)), len(GRAVE))


def _spread(numbers):
    return "{least:.4g} to {most:.4g}, median {median:.4g}".format(**numbers) if numbers else "none"
