"""Prepares a data set: decodes every video once and writes its frames as JPEGs into shards of records.

DATA is a folder per class, a CSV manifest or any annotation file that `pipelines.annotations` reads, or the address of
one in a bucket or, for lists, on the web. OUT is a folder or the address of a bucket; `res3d train --data=OUT` then
trains from it. Run the same command again after an interruption: it goes on where it stopped, and the result is byte
for byte the same.
"""

import contextlib
import json
import shlex
import threading

from pipelines.commands.flags import add_list_flags, list_options

EXAMPLE = "res3d prepare data/videos data/records --clip=16x2x112 --workers=16"


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("data", metavar="DATA", help="folder, manifest or annotation file")
    parser.add_argument("out", metavar="OUT", nargs="?", help="folder or bucket for the records")
    parser.add_argument("--verify", action="store_true", help="instead, read again a prepared folder, given as DATA: "
                        "counts, checksums, every JPEG, labels")
    parser.add_argument("--clip", default="16x2x112", metavar="FRAMESxSTRIDExSIZE|PRESET",
                        help="clip the records are for, kept as clip.json (default: %(default)s)")
    parser.add_argument("--short_side", type=int, help="pixels of the shorter side (default: what the clip scales to, "
                        "128 for crops of 112, 256 for 224)")
    parser.add_argument("--fps", type=float, help="frames a second to keep (default: each video's own)")
    parser.add_argument("--quality", type=int, default=90, help="of the JPEGs, 1 to 100 (default: %(default)s)")
    parser.add_argument("--frames_per_record", type=int, help="cut longer videos into records of about this many "
                        "frames, each a clip of its own (default: whole videos)")
    parser.add_argument("--shard_clips", type=int, default=128, help="clips of a shard (default: %(default)s)")
    parser.add_argument("--split", help="prepare only this split")
    parser.add_argument("--split_by", metavar="COLUMN", help="column of a CSV manifest that names the split "
                        "(default: split)")
    parser.add_argument("--labels", metavar="FILE", help="label list that fixes the ids")
    add_list_flags(parser)
    parser.add_argument("--workers", type=int, help="processes (default: one a core)")
    parser.add_argument("--timeout", type=float, default=600.0,
                        help="seconds without another frame after which a video is given up (default: %(default)s)")
    parser.add_argument("--runner", metavar="NAME", help="have Apache Beam write the shards: DirectRunner, Flink, "
                        "Spark or Dataflow")
    parser.add_argument("--runner_flags", metavar="'--FLAG=VALUE ...'", default="",
                        help="that runner's own flags, in one text: --runner_flags='--flink_master=host:8081'")
    parser.add_argument("--overwrite", action="store_true", help="replace what other options have left in OUT")
    parser.add_argument("--json", action="store_true", help="print the counts, or with --verify the problems, as JSON")


def run(args):
    """Prepares, or verifies; returns 0, or 1 if verifying found something."""
    from pipelines.commands.flags import parse_clip
    from pipelines.prepare import PrepareOptions, prepare
    from pipelines.records import layout
    from pipelines.storage import addresses

    if args.verify and args.out is not None:
        raise ValueError(f"`--verify` takes one prepared folder. Received: '{addresses.shown(args.data)}' and "
                         f"'{addresses.shown(args.out)}'. Name the records alone.")
    if args.verify:
        return _verify(args)
    if args.out is None:
        raise ValueError("`res3d prepare` takes DATA and OUT. Received: no OUT. Name a folder for the records.")
    flags = shlex.split(args.runner_flags)
    if flags and not args.runner:
        raise ValueError(f"`--runner_flags` are those of a Beam runner. Received: {args.runner_flags!r} without "
                         "--runner. Name the runner, or leave them out.")
    options = PrepareOptions(parse_clip(args.clip), args.short_side, args.fps, args.quality, args.frames_per_record,
                              args.shard_clips)
    runner = None
    if args.runner:
        from pipelines.prepare import beam

        def runner(plan, numbers):
            beam.write_shards(plan, numbers, args.runner, flags)

    with _bar("preparing") as begin:
        summary = prepare(
            args.data, args.out, options, split=args.split, labels=args.labels, workers=args.workers,
            overwrite=args.overwrite, progress=begin, timeout=args.timeout, runner=runner, split_by=args.split_by,
            **list_options(args))
    if args.json:
        print(json.dumps({"output": addresses.shown(args.out), **summary}, indent=2))
        return 0
    counts = ", ".join(f"{name}: {split['clips']} clips in {split['shards']} shards"
                       for name, split in summary["splits"].items())
    where = addresses.shown(addresses.join(args.out, layout.QUARANTINE_FILE))
    print(f"{addresses.shown(args.out)}: {counts}; {_bytes(summary['bytes'])}, {summary['frames']} frames, "
          f"{summary['failures']} videos left out" + (f" (see {where})" if summary["failures"] else ""))
    return 0


def _verify(args):
    from pipelines.prepare import verify
    from pipelines.storage import addresses

    with _bar("verifying") as begin:
        problems = verify.verify(args.data, args.workers, begin)
    if args.json:
        print(json.dumps({"folder": addresses.shown(args.data), "problems": problems}, indent=2))
        return 1 if problems else 0
    for problem in problems:
        print(problem)
    print(f"{addresses.shown(args.data)}: {len(problems) or 'no'} problem{'s' * (len(problems) != 1)}")
    return 1 if problems else 0


@contextlib.contextmanager
def _bar(what):
    """A function as `prepare` and `verify` take it: a bar over clips, with bytes and failures; threads tell it."""
    from res3d.terminal.progress import bars

    lock, sums = threading.Lock(), [0, 0]
    with bars("clip") as begin_bar:
        def begin(total):
            bar = begin_bar(what, total)

            def update(clips, size, failures):
                with lock:
                    sums[:] = sums[0] + size, sums[1] + failures
                    bar.set_postfix_str(f"{_bytes(sums[0])}, {sums[1]} failed", refresh=False)
                    bar.update(clips)

            return update

        yield begin


def _bytes(count):
    """A size for people.

    >>> _bytes(1536), _bytes(3 * 10**9)
    ('1.5 kB', '3.0 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
