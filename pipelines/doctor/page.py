"""The report of `check` as people read it: text for a terminal, or one page."""

import jinja2

from pipelines.storage.addresses import shown
from res3d.atomic import writing

SHOWN = 20  # lines of a list; --json and --report have all


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
    text = f"{report['usable']} of {report['files']} videos are usable"
    if report["rows"] == report["files"] and not report["bad_parts"]:
        return text
    return f"{text}, {report['usable_rows']} of {report['rows']} rows of the list"


def write_page(path, report, data):
    """Writes the report as one HTML file that needs no other, aside and renamed."""
    loader = jinja2.PackageLoader("pipelines.doctor", "")
    page = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True).get_template("doctor.html.j2")
    with writing(path, "w", errors="backslashreplace") as file:
        file.write(page.render(report=report, data=shown(data), spread=_spread, headline=headline(report)))


def _spread(numbers):
    return "{least:.4g} to {most:.4g}, median {median:.4g}".format(**numbers) if numbers else "none"
