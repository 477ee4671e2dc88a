"""Trains a network with `model.fit` as a recipe says.

A run that was stopped, by whatever means, goes on where it was when the same command is given again. The work folder
holds all that `evaluate`, `predict` and `export` need: clip.json, labels.txt, recipe.yaml, best.keras, last.keras,
history.csv, quarantine.csv, split.csv, run.json and logs/ for TensorBoard.
"""

import functools
import json
import sys

from pipelines.commands.flags import add_group_flags, add_list_flags, group_options, list_options
from res3d.commands.clips_alone import refuse_for_spans
from res3d.commands.published.flags import add_fetch_flags, allow

AUTO = "auto"  # as `res3d.workflows.choosing` knows it, which is slow to import
FOR_CLIPS = ("data_service", "devices", "coordinator", "fold", "group", "folds")  # flags without a meaning for spans
EXAMPLE = "res3d train --data=videos --workdir=runs/first --minutes=30"


def add_flags(parser):
    """Flags of `res3d train`."""
    parser.add_argument("--recipe", default=AUTO, help="name of a recipe, a .yaml file, or auto: chosen for these "
                        "videos and this machine (default: %(default)s)")
    parser.add_argument("--minutes", type=float,
                        help="what --recipe=auto may take, with choosing and training (default: 60)")
    parser.add_argument("--data", required=True, help="class folders, a manifest, annotations or a prepared folder")
    add_list_flags(parser)
    add_group_flags(parser)
    parser.add_argument("--workdir", required=True, help="folder for everything that the run leaves")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings",
                        help="another value for a field of the recipe, such as optimizer.rate=0.1; repeat as needed")
    parser.add_argument("--sampling", choices=("dense", "segments"), help="frames a stride apart, or one of each of as "
                        "many equal parts of a video as a clip has frames (default: the recipe's)")
    parser.add_argument("--task", choices=("clips", "spans"), help="what a video shows, or when something happens in a "
                        "long one: --data is then a CSV of video, start, end, label, or a tool's export (default: "
                        "as the labels are, or the recipe's)")
    parser.add_argument("--weights", help="start from a work or preset folder, a .keras file, a PyTorch checkpoint, or "
                                          "published weights by name")
    parser.add_argument("--max_minutes", type=float, help="stop after so much time; the same command goes on")
    parser.add_argument("--deterministic", action="store_true", help="the same numbers to the last digit on a CPU")
    parser.add_argument("--overwrite", action="store_true", help="start anew in a work folder that holds another run")
    parser.add_argument("--checkpoint_minutes", type=float, default=5.0,
                        help="time between checkpoints within an epoch (default: %(default)s)")
    parser.add_argument("--checkpoint_steps", type=int, help="steps between checkpoints, instead of minutes")
    parser.add_argument("--data_service", help="grpc://HOST:PORT of shared input workers (res3d data-dispatcher)")
    parser.add_argument("--noleaks", dest="leaks", action="store_false", help="at the end, do not look for held-out "
                        "videos that show what others do that are trained on")
    parser.add_argument("--devices", help="how many devices of this host to train on, or 'all'")
    parser.add_argument("--coordinator", help="HOST:PORT of process 0, to train on several hosts (JAX backend)")
    parser.add_argument("--process_id", type=int, default=0, help="this process, from 0")
    parser.add_argument("--process_count", type=int, default=1, help="how many processes train together")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")
    add_fetch_flags(parser)


def run(args):
    """Trains and prints what came of it."""
    allow(args)
    settings = list(args.settings)
    settings += [f"clip.sampling={args.sampling}"] if args.sampling is not None else []
    settings += [f"start.weights={args.weights}"] if args.weights is not None else []
    settings += [f"stop.max_minutes={args.max_minutes}"] if args.max_minutes is not None else []
    labels = _reader(args)
    if args.recipe == AUTO and _is_of_spans(args, labels):
        _train_spans(args, labels, *_span_recipe(args, labels, settings))
        return
    settings += [f"task={args.task}"] if args.task is not None else []
    recipe, chosen = _recipe(args, settings)
    if recipe.task == "spans":
        _train_spans(args, labels, recipe, chosen)
        return
    from res3d.workflows.train import summary, train

    history = train(recipe, args.data, args.workdir, deterministic=args.deterministic, overwrite=args.overwrite,
                    checkpoint_minutes=args.checkpoint_minutes, checkpoint_steps=args.checkpoint_steps,
                    data_service=args.data_service, devices=args.devices, coordinator=args.coordinator,
                    process_id=args.process_id, process_count=args.process_count, leaks=args.leaks,
                    chosen=chosen,
                    **list_options(args), **group_options(args))
    if args.process_id == 0:
        _tell_outcome(args, history, summary)


def _reader(args):
    """A function that reads the labels of spans once, whoever asks for them how often."""
    @functools.cache
    def read():
        from pipelines.spans import read_spans

        return read_spans(args.data, **list_options(args))

    return read


def _is_of_spans(args, labels):
    """Whether --recipe=auto chooses for spans: as asked, as the run in the work folder is, or as the labels are."""
    from res3d.training.workfolder import WorkFolder, is_spans_run

    if args.task is not None or (WorkFolder(args.workdir).recipe_file.is_file() and not args.overwrite):
        return args.task == "spans" or (args.task is None and is_spans_run(args.workdir))
    if any(getattr(args, name) not in (None, 1) for name in FOR_CLIPS):
        return False
    from res3d.workflows.spans.labels import span_line

    line = span_line(args.data, labels, **list_options(args))
    if line is not None:
        _say(args, line)
    return line is not None


def _span_recipe(args, labels, settings):
    """(recipe, lines that say why), chosen for long videos."""
    refuse_for_spans(args, FOR_CLIPS)
    from res3d.workflows.spans.choosing import span_recipe

    recipe, chosen = span_recipe(args.data, args.workdir, args.minutes, settings, args.overwrite, labels,
                                 **list_options(args))
    _say(args, *chosen)
    return recipe, chosen


def _train_spans(args, labels, recipe, chosen):
    """Trains on the windows of long videos and prints what came of it."""
    refuse_for_spans(args, FOR_CLIPS)
    from res3d.workflows.spans.evaluate import spans_summary
    from res3d.workflows.spans.train import train_spans

    history = train_spans(recipe, args.data, args.workdir, deterministic=args.deterministic, overwrite=args.overwrite,
                          checkpoint_minutes=args.checkpoint_minutes, checkpoint_steps=args.checkpoint_steps,
                          chosen=chosen, read=labels, **list_options(args))
    _tell_outcome(args, history, lambda folder, history: spans_summary(folder.path, history))


def _tell_outcome(args, history, summary):
    """Prints what came of a run, by `summary` or as JSON."""
    from res3d.training.workfolder import WorkFolder
    from res3d.workflows.train import outcome

    folder = WorkFolder(args.workdir)
    print(json.dumps(outcome(folder, history), indent=2) if args.json else summary(folder, history))


def _say(args, *lines):
    """Lines before the outcome, which do not stand between it and whoever reads JSON."""
    print("\n".join(lines), flush=True, file=sys.stderr if args.json else sys.stdout)


def _recipe(args, settings):
    """The recipe to train by, and the lines that say why where it was chosen."""
    from res3d.training.recipe import find_recipe

    if args.recipe != AUTO:
        if args.minutes is not None:
            raise ValueError(f"`--minutes` is what --recipe=auto chooses by. Received: --minutes={args.minutes:g} with "
                             f"--recipe={args.recipe}. Use --max_minutes to stop a run after so much time.")
        return find_recipe(args.recipe, settings), []
    if args.process_count > 1:
        raise ValueError("`--recipe=auto` measures one machine, and all processes need the same recipe. Received: "
                         f"--process_count={args.process_count}. Have one written with `res3d bench choose`.")
    from res3d.workflows.choosing.choose import recipe_for

    if args.deterministic:  # which half precision is not, on a CPU
        settings = ["precision=float32", *settings]
    recipe, chosen = recipe_for(args.data, args.workdir, args.minutes, settings, args.overwrite, **list_options(args),
                                **group_options(args))
    _say(args, *chosen)
    return recipe, chosen
