"""Trains a network with `model.fit` as a recipe says.

A run that was stopped, by whatever means, goes on where it was when the same command is given again. The work folder
holds all that `evaluate`, `predict` and `export` need: clip.json, labels.txt, recipe.yaml, best.keras, last.keras,
history.csv, quarantine.csv, run.json and logs/ for TensorBoard.
"""

import contextlib
import datetime
import os
import platform
import subprocess
import sys

from absl import logging

from pipelines.commands.flags import add_list_flags, list_options

EXAMPLE = "res3d train --recipe=small_data --data=videos --workdir=runs/first --set schedule.epochs=10"


def add_flags(parser):
    """Flags of `res3d train`."""
    parser.add_argument("--recipe", default="default", help="name of a recipe, or a .yaml file (default: %(default)s)")
    parser.add_argument("--data", required=True, help="class folders, a manifest, annotations or a prepared folder")
    add_list_flags(parser)
    parser.add_argument("--workdir", required=True, help="folder for everything that the run leaves")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", dest="settings",
                        help="another value for a field of the recipe, such as optimizer.rate=0.1; repeat as needed")
    parser.add_argument("--weights", help="start from a work folder, a .keras file or a PyTorch checkpoint")
    parser.add_argument("--max_minutes", type=float, help="stop after so much time; the same command goes on")
    parser.add_argument("--deterministic", action="store_true", help="the same numbers to the last digit on a CPU")
    parser.add_argument("--overwrite", action="store_true", help="start anew in a work folder that holds another run")
    parser.add_argument("--checkpoint_minutes", type=float, default=5.0,
                        help="time between checkpoints within an epoch (default: %(default)s)")
    parser.add_argument("--checkpoint_steps", type=int, help="steps between checkpoints, instead of minutes")
    parser.add_argument("--data_service", help="grpc://HOST:PORT of shared input workers (res3d data-dispatcher)")
    parser.add_argument("--devices", help="how many devices of this host to train on, or 'all'")
    parser.add_argument("--coordinator", help="HOST:PORT of process 0, to train on several hosts (JAX backend)")
    parser.add_argument("--process_id", type=int, default=0, help="this process, from 0")
    parser.add_argument("--process_count", type=int, default=1, help="how many processes train together")


def run(args):
    """Trains and prints what came of it."""
    from res3d.training.recipe import find_recipe
    from res3d.training.workfolder import WorkFolder

    settings = list(args.settings)
    settings += [f"start.weights={args.weights}"] if args.weights is not None else []
    settings += [f"stop.max_minutes={args.max_minutes}"] if args.max_minutes is not None else []
    recipe = find_recipe(args.recipe, settings)
    history = train(recipe, args.data, args.workdir, deterministic=args.deterministic, overwrite=args.overwrite,
                    checkpoint_minutes=args.checkpoint_minutes, checkpoint_steps=args.checkpoint_steps,
                    data_service=args.data_service, devices=args.devices, coordinator=args.coordinator,
                    process_id=args.process_id, process_count=args.process_count, **list_options(args))
    if args.process_id == 0:
        print(summary(WorkFolder(args.workdir), history))


def train(recipe, data, workdir, *, deterministic=False, overwrite=False, checkpoint_minutes=5.0, checkpoint_steps=None,
          data_service=None, devices=None, coordinator=None, process_id=0, process_count=1, **lists):
    """Trains as `recipe` says on `data` and leaves a work folder.

    Args:
        recipe: `Recipe`.
        data: folder, manifest, annotation file or prepared folder.
        workdir: folder; a run in it that is not finished goes on.
        deterministic: bool. Equal runs give equal numbers, at some cost in speed.
        overwrite: bool. Removes a former run first.
        checkpoint_minutes, checkpoint_steps: time or steps between two checkpoints within an epoch.
        data_service: grpc://HOST:PORT of shared input workers, or None.
        devices: int or "all" for `tf.distribute.MirroredStrategy` on this host, or None.
        coordinator, process_id, process_count: for several processes on the JAX backend.
        lists: `videos`, `format` and `fold` of an annotation file, as `read_manifest` takes them.

    Returns:
        list of dicts, one an epoch.
    """
    from res3d.commands import devices as on_devices
    from res3d.training.workfolder import WorkFolder

    folder = WorkFolder(workdir)
    if process_count < 1 or (process_count == 1 and (process_id or coordinator is not None)):
        raise ValueError("`--coordinator` and `--process_id` are for several processes: give all of them the same "
                         f"--process_count, 2 or more. Received: {process_count}.")
    if process_count > 1:
        if overwrite:
            folder.clear()  # before they meet, so that none removes what another has begun
        on_devices.join(coordinator, process_id, process_count)
    import keras

    import res3d
    from pipelines.dataset import quarantine
    from res3d.commands.training_data import load_training_data
    from res3d.training.loop import fit
    from res3d.training.losses import make_loss, make_metrics
    from res3d.training.optimizer import make_optimizer
    from res3d.training.start import freeze, load_start

    chief = process_id == 0
    keras.utils.set_random_seed(recipe.seed)
    if deterministic:
        on_devices.be_deterministic()
    _check_names(recipe)
    fed = load_training_data(recipe, data, shard=(process_id, process_count), data_service=data_service,
                             quarantine_csv=folder.quarantine_file if chief else None, **lists)
    if not overwrite:
        folder.check(recipe, fed.labels)
    resumes = folder.state_file.is_file() and not overwrite
    skipped_before = quarantine.load(folder.quarantine_file) if resumes and folder.quarantine_file.is_file() else []
    steps = fed.train.steps_per_epoch
    with on_devices.scope(devices, recipe.data.batch_size, recipe.optimizer.accumulate):
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(recipe.precision)
        try:
            model = res3d.build(recipe.model.name, len(fed.labels), recipe.clip, **_model_options(recipe))
        finally:
            keras.config.set_dtype_policy(policy)
        if recipe.start.weights is not None and not resumes:
            load_start(model, recipe.start.weights)
        freeze(model, recipe.start.freeze, recipe.start.freeze_batch_norm)
        optimizer = make_optimizer(recipe, steps)
        if recipe.precision == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        model.compile(optimizer, make_loss(recipe), metrics=make_metrics(recipe, len(fed.labels)),
                      jit_compile=recipe.xla or keras.backend.backend() == "jax")
    with folder.alone() if chief else contextlib.nullcontext():
        if chief:  # not before: a start that fails leaves no folder behind, and a former run as it is
            if overwrite:
                folder.clear()
            folder.claim(recipe, fed.labels, describe_run(recipe, data, fed, deterministic, lists))
        try:
            return fit(model, recipe, fed.train.at, fed.validation, folder, steps, names=fed.names, chief=chief,
                       checkpoint_minutes=checkpoint_minutes, checkpoint_steps=checkpoint_steps,
                       agree=on_devices.agree if process_count > 1 else bool)
        finally:
            if chief:
                _save_quarantine(folder, {**dict(skipped_before), **dict(fed.skipped)}.items())


def summary(folder, history):
    """What `res3d train` prints last."""
    from pipelines.dataset import quarantine
    from res3d.training.loop import monitored

    skipped = quarantine.load(folder.quarantine_file)
    lines = []
    if history:
        monitor = monitored(folder.recipe.stop.monitor, history[-1])
        best = (min if monitor.endswith("loss") else max)(history, key=lambda row: row[monitor])
        found = f"best {monitor} {best[monitor]:.4f} in epoch {best['epoch']}"
        lines.append(f"{len(history)} epochs; {found}: {folder.best}")
    lines.append(f"{len(skipped)} videos skipped" + (f" (all in {folder.quarantine_file}):" if skipped else ""))
    lines += [f"  {path}: {reason}" for path, reason in skipped[:10]]
    lines += [f"  and {len(skipped) - 10} more"] if len(skipped) > 10 else []
    trained = folder.best.is_file() or folder.last.is_file()
    lines.append(f"next: res3d evaluate --workdir={folder}" if trained else "next: the same command, which goes on")
    return "\n".join(lines)


def describe_run(recipe, data, fed, deterministic, lists):
    """Data, versions, seed and revision of a run, ready for JSON."""
    import importlib.metadata

    import keras

    from pipelines.storage.addresses import absolute

    versions = {"python": platform.python_version()}
    for name in ("res3d", "keras", "tensorflow", "jax", "torch", "numpy", "opencv-python-headless"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    if "videos" in lists:
        lists = {**lists, "videos": absolute(lists["videos"])}
    place = absolute(data) if isinstance(data, str | os.PathLike) else None
    return {"data": place, "lists": lists, "seed": recipe.seed,
            "training_videos": len(fed.train.manifest), "batches_per_epoch": fed.train.steps_per_epoch,
            "validation_videos": len(fed.validation.manifest) if fed.validation is not None else 0,
            "backend": keras.backend.backend(), "deterministic": deterministic, "versions": versions,
            "revision": revision(), "started": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": sys.argv}


def revision():
    """The git commit that the package is checked out at, `+` where files differ from it; None outside a checkout.

    An installed copy may lie in somebody else's checkout, as in PROJECT/.venv: git must know this very file.
    """
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        git = ["git", "-C", here]
        subprocess.run([*git, "ls-files", "--error-unmatch", __file__], capture_output=True, check=True, timeout=20)
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=20)
        changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True,
                                 timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip() + ("+" if changed.stdout.strip() else "")


def _model_options(recipe):
    options = dict(recipe.model.options)
    if recipe.model.dropout is not None:
        options["dropout"] = recipe.model.dropout
    return options


def _check_names(recipe):
    """Before any video is read: an unknown name is the quickest mistake to tell."""
    import difflib

    import res3d
    from pipelines.sample.protocols import protocol

    protocol(recipe.protocol)
    known = [getattr(row, "name", row) for row in res3d.list_models()]
    if recipe.model.name not in known:
        near = difflib.get_close_matches(recipe.model.name, known, 3)
        raise ValueError(f"`model.name` must be one of the names that `res3d models` lists. Received: "
                         f"{recipe.model.name!r}." + (f" Did you mean {' or '.join(near)}?" if near else ""))


def _save_quarantine(folder, skipped):
    from pipelines.dataset.quarantine import Quarantine

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)  # each was logged when it was found
    try:
        quarantine = Quarantine(folder.quarantine_file)
        for path, reason in skipped:
            quarantine.add(path, reason)
        quarantine.save()
    finally:
        logging.set_verbosity(verbosity)
