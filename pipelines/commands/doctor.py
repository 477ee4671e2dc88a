"""Checks a data set before any training: decodes every video once, in parallel, and tells what is wrong, and the cost.

DATA is a folder per class, a CSV manifest, any annotation file that `pipelines.annotations` reads, or one video; or the
address of one of them, which behind a web server can be no folder. Videos are read by child processes, so that one that
crashes or hangs a decoder is a line of the result like any other.
The exit code is 1 only if no video, or no listed part of one, is usable; what is wrong with some is a matter of the
report.
"""

import json
import os

from pipelines.commands.flags import add_group_flags, add_list_flags, group_options, list_options, parse_clip

EXAMPLE = "res3d doctor data/videos --report=doctor.html --manifest=data/usable/manifest.csv"


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("data", metavar="DATA", help="folder, manifest, annotation file or video")
    parser.add_argument("--json", action="store_true", help="print the report as JSON, and nothing else, on stdout")
    parser.add_argument("--report", metavar="FILE.html", help="also write a self-contained page, with pictures of some "
                        "videos of each class")
    parser.add_argument("--manifest", metavar="FILE.csv", help="also write the usable videos as a CSV manifest, with "
                        "labels.txt beside it")
    add_list_flags(parser)
    add_group_flags(parser, folds=False)
    parser.add_argument("--noleaks", dest="leaks", action="store_false", help="do not look for videos in different "
                        "splits or groups that show the same, which takes a second decoding")
    parser.add_argument("--labels", metavar="FILE", help="label list that fixes the ids")
    parser.add_argument("--rate", type=float, help="frames a second that a labelling tool counted at, as of `res3d "
                        "labels`")
    parser.add_argument("--split", help="check only this split")
    parser.add_argument("--clip", default="16x2x112", metavar="FRAMESxSTRIDExSIZE|PRESET",
                        help="clip to judge lengths and costs by (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--timeout", type=float, default=120.0,
                        help="seconds without another frame after which a video is given up (default: %(default)s)")


def run(args):
    """Prints the report; returns 0, or 1 if nothing is usable."""
    from pipelines.doctor import checks, labels, page
    from res3d.terminal.progress import bars

    clip = parse_clip(args.clip)
    manifest = checks.manifest_of(args.data, split=args.split, labels=args.labels, rate=args.rate, **list_options(args))
    spans = labels.spans_of(args.data, videos=args.videos, format=args.format, rate=args.rate)
    with bars("video") as begin:
        report = checks.check(manifest, clip, workers=args.workers, timeout=args.timeout,
                              progress=lambda total: begin("examining", total).update, leaks=args.leaks, spans=spans,
                              **group_options(args))
        if args.report:
            page.write_page(args.report, report, args.data, checks.usable(manifest, report),
                            lambda total: begin("taking pictures", total).update)
    if args.manifest:
        os.makedirs(os.path.dirname(os.path.abspath(args.manifest)), exist_ok=True)
        checks.usable(manifest, report).save(args.manifest)
    text = json.dumps(report, indent=2) if args.json else page.as_text(report)
    print(text.encode("utf-8", "backslashreplace").decode())  # file names need not be text
    return 0 if report["usable_rows"] or (spans.rows and report["usable"]) else 1
