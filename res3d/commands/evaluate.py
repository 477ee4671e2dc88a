"""Scores a trained network by a named protocol and writes metrics.json, predictions.csv and report.html.

Without --data it takes the validation videos of the run. With --model it scores any model on --data, and --workdir is
the folder that gets the figures. `res3d evaluate --protocol=list` prints the protocols.
"""

import json
import os

from pipelines.commands.flags import add_group_flags, add_list_flags, group_options, list_options
from res3d.commands.clips_alone import refuse_for_spans
from res3d.commands.published.flags import add_fetch_flags, allow
from res3d.terminal.tables import aligned, width_of_terminal

EXAMPLE = "res3d evaluate --workdir=runs/first --protocol=centre"


def add_flags(parser):
    """Flags of `res3d evaluate`."""
    parser.add_argument("--workdir", help="folder that `res3d train` left; with --model, one for the figures")
    parser.add_argument("--model", help="instead of a run a preset folder, .keras file, or published weights by name")
    parser.add_argument("--data", help="other videos than the run's own")
    add_list_flags(parser)
    add_group_flags(parser, folds=False)
    parser.add_argument("--split", help="split of the data (default: the recipe's validation split, if it is there)")
    parser.add_argument("--protocol", help="how videos are cut into clips (default: the recipe's)")
    parser.add_argument("--compare", action="append", default=[], metavar="WORKDIR",
                        help="another evaluated work folder to show beside this one; repeat as needed")
    parser.add_argument("--explain", action="store_true", help="add heat maps of where the network looks to the report")
    parser.add_argument("--motion", action="store_true", help="also score the same clips with their frames shuffled, "
                        "reversed and stilled")
    parser.add_argument("--nobaselines", dest="baselines", action="store_false", help="leave out what needs no "
                        "network: chance, the largest class, linear classifiers of one frame and of differences")
    parser.add_argument("--noleaks", dest="leaks", action="store_false", help="do not look for videos that show what "
                        "others do that were trained on")
    parser.add_argument("--calibrate", action="store_true", help="choose on these videos how sure an answer must be, "
                        "else it is none of these, and by what temperature scores become chances; kept with the run")
    parser.add_argument("--keep", type=float, help="with --calibrate: share of the right answers that shall stay "
                        "(default: 0.95)")
    parser.add_argument("--alarms", type=float, help="with --calibrate and --background, in its place: false alarms an "
                        "hour at the most")
    parser.add_argument("--background", metavar="DATA", help="videos in which nothing is to be found, or labels of "
                        "long videos, whose other parts are meant: count false alarms there")
    parser.add_argument("--workers", type=int, help="videos decoded at once (default: one a core)")
    parser.add_argument("--json", action="store_true", help="print the figures as metrics.json has them, and nothing "
                        "else, on stdout; with --protocol=list the protocols")
    add_fetch_flags(parser)


def run(args):
    """Evaluates and prints the figures."""
    if args.protocol == "list":
        from pipelines.sample.protocols import PROTOCOLS

        if args.json:
            rows = [{"name": name, "views": row.views, "source": row.source} for name, row in PROTOCOLS.items()]
            print(json.dumps(rows, indent=1))
            return
        rows = [(name, f"{row.views or 'some'} views", row.source) for name, row in PROTOCOLS.items()]
        print(aligned(rows, right=(1,), elastic=(2,), width=width_of_terminal()))
        return
    if args.workdir is None:
        raise ValueError("`--workdir` must be the folder that `res3d train` left. Received none.")
    allow(args)
    from res3d.training.workfolder import is_spans_run

    if is_spans_run(args.workdir):
        from res3d.workflows.spans.evaluate import evaluate_spans, told

        refuse_for_spans(args, ("model", "protocol", "split", "compare", "explain", "motion", "fold", "group",
                                "calibrate", "keep", "alarms", "background"))
        figures = evaluate_spans(args.workdir, args.data, **list_options(args))
        if args.json:
            print(json.dumps(figures, indent=2))
            return
        print("\n".join([*told(figures), f"{figures['real_time']:.0f} times as fast as real time",
                         f"report: {os.path.join(args.workdir, 'report.html')}"]))
        return
    from res3d.workflows.evaluate import evaluate

    calibrate = _wanted(args)
    metrics = evaluate(args.workdir, args.data, args.protocol, model=args.model, split=args.split, compare=args.compare,
                       explain=args.explain, workers=args.workers, trivial=args.baselines, motion=args.motion,
                       leaks=args.leaks, calibrate=calibrate, background=args.background, **list_options(args),
                       **group_options(args))
    if args.json:
        print(json.dumps(metrics, indent=2))
    else:
        _say(args, metrics)


def _wanted(args):
    """What a threshold is to be chosen for, or None."""
    from res3d.workflows.rejecting.calibrate import Wanted

    for name in ("keep", "alarms"):
        if getattr(args, name) is not None and not args.calibrate:
            raise ValueError(f"`--{name}` says what --calibrate chooses. Received: --{name}={getattr(args, name):g} "
                             "without it.")
    return Wanted(args.keep, args.alarms) if args.calibrate else None


def _say(args, metrics):
    """Prints the figures as people read them."""
    from res3d.evaluation.worth import worth_lines

    shown = ("top1", "top5", "mean_class_accuracy", "mean_average_precision")
    print("  ".join(f"{name} {100 * metrics[name]:.2f} %" for name in shown if name in metrics))
    print(f"{metrics['videos']} videos, {metrics['skipped']} skipped, protocol {metrics['protocol']}, "
          f"{metrics['seconds']:.1f} s")
    for line in worth_lines(metrics):
        print(line)
    if "rejection" in metrics:
        from res3d.evaluation.rejection_words import told

        print(told(metrics["rejection"]))
    if metrics.get("trained_on"):
        print(f"{metrics['trained_on']} of these videos were trained on")
    if metrics.get("of_trained_groups"):
        print(f"{metrics['of_trained_groups']} further ones are of groups that were trained on")
    for path, reason in metrics["skipped_videos"][:10]:
        print(f"  {path}: {reason}")
    print(f"report: {os.path.join(args.workdir, 'report.html')}")
