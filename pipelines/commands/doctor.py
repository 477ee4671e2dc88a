"""Checks a data set before any training: decodes every video once, in parallel, and tells what is wrong, and the cost.

DATA is a folder per class, a CSV manifest, any annotation file that `pipelines.annotations` reads, or one video; or the
address of one of them, which behind a web server can be no folder. Videos are read by child processes, so that one that
crashes or hangs a decoder is a line of the result like any other.
The exit code is 1 only if no video at all is usable; what is wrong with some is a matter of the report.
"""

import json
import os
import sys

from pipelines.commands.lists import add_list_flags, list_options

EXAMPLE = "res3d doctor data/videos --report=doctor.html --manifest=data/usable/manifest.csv"
SHOWN = 20  # lines of a list; --json and --report have all


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("data", metavar="DATA", help="folder, manifest, annotation file or video")
    parser.add_argument("--json", action="store_true", help="print the report as JSON, and nothing else, on stdout")
    parser.add_argument("--report", metavar="FILE.html", help="also write a self-contained page")
    parser.add_argument("--manifest", metavar="FILE.csv", help="also write the usable videos as a CSV manifest, with "
                        "labels.txt beside it")
    add_list_flags(parser)
    parser.add_argument("--labels", metavar="FILE", help="label list that fixes the ids")
    parser.add_argument("--split", help="check only this split")
    parser.add_argument("--clip", default="16x2x112", metavar="FRAMESxSTRIDExSIZE|PRESET",
                        help="clip to judge lengths and costs by (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds for one video (default: %(default)s)")


def run(args):
    """Prints the report; returns 0, or 1 if no video is usable."""
    import tqdm

    from pipelines import doctor
    from pipelines.addresses import shown
    from pipelines.manifest import Manifest

    bars = []

    def progress(total):
        bars.append(tqdm.tqdm(total=total, unit="video", file=sys.stderr, desc="examining"))
        return bars[0].update

    clip = parse_clip(args.clip)
    manifest = doctor.manifest_of(args.data, split=args.split, labels=args.labels, **list_options(args))
    try:
        report = doctor.check(manifest, clip, workers=args.workers, timeout=args.timeout, progress=progress)
    finally:
        for bar in bars:
            bar.close()
    if args.report:
        write_page(args.report, report, args.data)
    if args.manifest:
        bad = {video["path"] for video in report["bad"]}
        os.makedirs(os.path.dirname(os.path.abspath(args.manifest)), exist_ok=True)
        Manifest([entry for entry in manifest if shown(entry.path) not in bad], manifest.labels,
                 multi_label=manifest.multi_label).save(args.manifest)
    text = json.dumps(report, indent=2) if args.json else as_text(report)
    print(text.encode("utf-8", "backslashreplace").decode())  # file names need not be text
    return 0 if report["usable"] else 1


def parse_clip(text):
    """The `ClipSpec` of `16x2x112` (frames, stride, size) or of a preset's name.

    >>> parse_clip("8x4x64").shape
    (8, 64, 64, 3)
    """
    from res3d.geometry import PRESETS, ClipSpec

    if text in PRESETS:
        return PRESETS[text]
    parts = text.split("x")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"`--clip` must be FRAMESxSTRIDExSIZE, such as 16x2x112, or one of {', '.join(PRESETS)}. "
                         f"Received: {text!r}.")
    frames, stride, size = map(int, parts)
    return ClipSpec(frames=frames, stride=stride, height=size, width=size)


def as_text(report):
    """The report for a terminal."""
    lines = [f"{report['usable']} of {report['files']} videos are usable"]
    for title, rows in (("unusable", report["bad"]), ("missing", report["missing"])):
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


def write_page(path, report, data):
    """Writes the report as one HTML file that needs no other, aside and renamed."""
    import jinja2

    from pipelines.addresses import shown

    loader = jinja2.PackageLoader("pipelines", "templates")
    page = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
                              lstrip_blocks=True).get_template("doctor.html.j2")
    aside = f"{path}.part"
    with open(aside, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(page.render(report=report, data=shown(data), spread=_spread))
    os.replace(aside, path)


def _spread(numbers):
    return "{least:.4g} to {most:.4g}, median {median:.4g}".format(**numbers) if numbers else "none"
