"""Converts labels of videos: reads what a labelling tool has exported, and writes what another, or training, reads.

IN is an export of Label Studio, VIA, BORIS, ELAN, CVAT, DeepEthogram, Create ML or FiftyOne, an annotation file of a
data set, or a CSV `video,start,end,label`; it is recognised by what it holds. Counts are printed, and what was passed
over, with the reason. Without --output nothing is written.

`res3d doctor IN` compares the labels with the videos.
"""

import json

from pipelines.commands.flags import add_list_flags, list_options

EXAMPLE = "res3d labels project-1.json --videos=videos --rate=30 --output=spans.csv"
SHOWN = 20  # lines of a list


def add_flags(parser):
    """Flags of `res3d labels`."""
    from pipelines.annotations.writing import WRITERS

    parser.add_argument("data", metavar="IN", help="annotation file or folder")
    parser.add_argument("--output", metavar="OUT", help="file to write; for several videos as WebVTT a folder")
    parser.add_argument("--to", metavar="FORMAT", help=f"what to write: {', '.join(WRITERS)} (default: by the name of "
                        "OUT, .csv, .json or .vtt)")
    add_list_flags(parser)
    parser.add_argument("--rate", type=float, help="frames a second that the tool counted at where it writes "
                        "numbers of frames (default: what the file says; Label Studio 24; else the video's own times)")
    parser.add_argument("--first_frame", type=int, choices=(0, 1), default=1,
                        help="number that Label Studio gives the first frame (default: %(default)s)")
    parser.add_argument("--address", default="", metavar="PREFIX", help="where Label Studio, written to, finds the "
                        "videos, such as /data/local-files/?d=videos (default: their paths)")
    parser.add_argument("--none", type=float, metavar="SECONDS", help="add the parts of so many seconds that no label "
                        "touches, as a class `none`: what a network of clips learns as nothing of all this")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    parser.add_argument("--strict", action="store_true", help="refuse a file with anything that cannot be read")


def run(args):
    """Converts, and prints the counts; returns 1 if there was no label at all."""
    from pipelines.annotations.writing import form_of
    from pipelines.spans import read_spans, write_spans

    form = None if args.output is None else form_of(args.output, args.to)
    options = list_options(args)
    if "fold" in options:
        raise ValueError(f"`--fold` chooses a split for training. Received: fold={args.fold}. Leave it out.")
    spans = read_spans(args.data, rate=args.rate, first_frame=args.first_frame, strict=args.strict, **options)
    if args.none is not None:
        from pipelines.annotations.background import with_background

        spans = with_background(spans, args.none)
    left = []
    if args.output is not None:
        rate = {} if args.rate is None else {"rate": args.rate}
        left = write_spans(spans, args.output, format=form, first_frame=args.first_frame, address=args.address, **rate)
    text = _as_json(spans, args.output, left) if args.json else "\n".join(_lines(spans, args.output, left))
    print(text.encode("utf-8", "backslashreplace").decode())  # names need not be text
    return 0 if spans.rows else 1


def _lines(spans, output, left):
    counts = list(spans.counts().items())
    lines = [spans.summary(), *(f"  {count:6d}  {label}" for label, count in counts[:SHOWN])]
    lines += [f"  ... and {len(counts) - SHOWN} more"] * (len(counts) > SHOWN)
    lines += _told("passed over", spans.missing) + _told("videos without a file", spans.unfound)
    if output is not None:
        lines += [f"written: {output}", *_told("left out, as it cannot be said there", left)]
    return lines


def _as_json(spans, output, left):
    """The same, whole."""
    def listed(rows):
        return [{"path": row.path, "reason": row.reason} for row in rows]

    return json.dumps({"spans": len(spans), "videos": len(spans.videos), "labels": spans.counts(),
                       "passed_over": listed(spans.missing), "without_file": listed(spans.unfound), "output": output,
                       "left_out": listed(left)}, indent=2)


def _told(title, missing):
    from pipelines.annotations.spans import told

    found = told(missing)
    if not found:
        return []
    lines = [f"{title} ({len(missing)}):"]
    for reason, count, example in found[:SHOWN]:
        lines.append(f"  {count} x {reason} ({'such as ' if count > 1 else ''}{example})")
    return lines + [f"  ... and {len(found) - SHOWN} more reasons"] * (len(found) > SHOWN)
