"""Prepares a data set: decodes every video once and writes its frames as JPEGs into shards of records.

DATA is a folder per class, a CSV manifest or any annotation file that `pipelines.annotations` reads, or the address of
one in a bucket or, for lists, on the web; or it is labels of spans in long videos, whose frames are then kept at the
steps and the size of a recipe's windows, in pieces. OUT is a folder or the address of a bucket; `res3d train
--data=OUT` then trains from it. Run the same command again after an interruption: it goes on where it stopped, and the
result is byte for byte the same.
"""

import contextlib
import json
import shlex
import sys
import threading

from pipelines.commands.flags import add_list_flags, list_options

EXAMPLE = "res3d prepare data/videos data/records --clip=16x2x112 --workers=16"


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("data", metavar="DATA", help="folder, manifest or annotation file")
    parser.add_argument("out", metavar="OUT", nargs="?", help="folder or bucket for the records")
    parser.add_argument("--verify", action="store_true", help="instead, read again a prepared folder, given as DATA: "
                        "counts, checksums, every JPEG, labels")
    parser.add_argument("--task", choices=("clips", "spans"), help="clips, or windows of long videos with spans "
                        "(default: as the labels are)")
    parser.add_argument("--recipe", help="of spans, a recipe by whose windows frames are kept (default: the one that "
                        "`res3d train` chooses for these labels on this machine)")
    parser.add_argument("--lossless", action="store_true", help="of spans, frames as PNG rather than JPEG")
    parser.add_argument("--clip", metavar="FRAMESxSTRIDExSIZE|PRESET",
                        help="clip the records are for, kept as clip.json (default: 16x2x112; of spans the recipe's)")
    parser.add_argument("--short_side", type=int, help="pixels of the shorter side (default: what the clip scales to, "
                        "128 for crops of 112, 256 for 224)")
    parser.add_argument("--fps", type=float, help="frames a second to keep (default: each video's own; of spans the "
                        "recipe's)")
    parser.add_argument("--quality", type=int, default=90, help="of the JPEGs, 1 to 100 (default: %(default)s)")
    parser.add_argument("--frames_per_record", type=int, help="cut longer videos into records of about this many "
                        "frames, each a clip of its own (default: whole videos; of spans 256)")
    parser.add_argument("--shard_clips", type=int, help="clips of a shard (default: 128), or long videos (default: 1)")
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
    from pipelines.prepare import prepare
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
    options = _options(args)
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
    what = "clips" if options.task == "clips" else "pieces"
    counts = ", ".join(f"{name}: {split['clips']} {what} in {split['shards']} shards"
                       for name, split in summary["splits"].items())
    if options.task == "spans":
        counts = f"{summary['spans']} spans in {summary['videos']} videos; {counts}"
    where = addresses.shown(addresses.join(args.out, layout.QUARANTINE_FILE))
    print(f"{addresses.shown(args.out)}: {counts}; {_bytes(summary['bytes'])}, {summary['frames']} frames, "
          f"{summary['failures']} videos left out" + (f" (see {where})" if summary["failures"] else ""))
    return 0


def _options(args):
    """The `PrepareOptions` that the flags ask for."""
    from pipelines.commands.flags import parse_clip
    from pipelines.prepare import PrepareOptions

    clip = None if args.clip is None else parse_clip(args.clip)
    sizes = {"quality": args.quality, "frames_per_record": args.frames_per_record, "shard_clips": args.shard_clips}
    if not _is_of_spans(args):
        given = [f"--{name}" for name in ("recipe", "lossless") if getattr(args, name)]
        if given:
            raise ValueError(f"`{given[0]}` is for spans in long videos. Received: {', '.join(given)} with clips. "
                             "Leave it out, or pass --task=spans.")
        return PrepareOptions(clip or parse_clip("16x2x112"), args.short_side, args.fps, **sizes)
    if clip is None:
        clip = _recipe_clip(args)
    elif args.recipe is not None:
        raise ValueError(f"`--clip` and `--recipe` both say what a window is. Received: --clip={args.clip} and "
                         f"--recipe={args.recipe}. Leave one out.")
    if args.fps is not None:  # of a window with a stride, steps a second are fewer
        clip = clip.replace(fps=args.fps * clip.stride)
    return PrepareOptions(clip, args.short_side, task="spans", lossless=args.lossless, **sizes)


def _is_of_spans(args):
    """Whether the labels are of spans in long videos: as asked, or as they are."""
    if args.task is not None or any(value is not None for value in (args.fold, args.split, args.split_by, args.labels)):
        return args.task == "spans"
    from res3d.workflows.spans.labels import span_line

    line = span_line(args.data, **list_options(args))
    if line is not None:
        print(line, flush=True, file=sys.stderr if args.json else sys.stdout)
    return line is not None


def _recipe_clip(args):
    """The window of the recipe that was named, or of the one that is chosen for the labels."""
    if args.recipe is not None:
        from res3d.training.recipe import find_recipe

        recipe = find_recipe(args.recipe)
        if recipe.task != "spans":
            raise ValueError(f"Expected a recipe of task spans. Received: --recipe={args.recipe}, of task "
                             f"{recipe.task}. Name another, such as spans_small.")
        return recipe.clip
    from pipelines.spans import read_spans
    from res3d.workflows.spans.choosing import chosen_for

    recipe, lines = chosen_for(read_spans(args.data, **list_options(args)))
    for line in lines:
        if line.startswith("rate"):
            print(line, flush=True, file=sys.stderr if args.json else sys.stdout)
    return recipe.clip


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
