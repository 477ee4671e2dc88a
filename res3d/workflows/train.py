"""A recipe and videos to a work folder: `model.fit`, begun or gone on with."""

import contextlib
import datetime
import difflib
import importlib.metadata
import os
import platform
import sys

import keras
import numpy as np
from absl import logging

from pipelines.dataset import quarantine
from pipelines.dataset.weighing import balanced_weights, weighed
from pipelines.grouping.note import load_note, save_note
from pipelines.sample.protocols import protocol
from pipelines.storage.addresses import absolute
from pipelines.video.frame_cache import free_memory
from res3d.networks.variants.table import VARIANTS
from res3d.quiet import logged_from
from res3d.training.loop import fit
from res3d.training.revision import revision
from res3d.training.run import lower_is_better, monitored
from res3d.training.symptoms.watch import Watch
from res3d.training.workfolder import WorkFolder
from res3d.workflows import devices as on_devices
from res3d.workflows.feeding.room import room_line
from res3d.workflows.judging.leaks import find_leaks, leak_line, load_leaks, save_leaks
from res3d.workflows.making import make_model
from res3d.workflows.training_data import load_training_data


def train(recipe, data, workdir, *, deterministic=False, overwrite=False, checkpoint_minutes=5.0, checkpoint_steps=None,
          data_service=None, devices=None, coordinator=None, process_id=0, process_count=1, leaks=True, chosen=(),
          **lists):
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
        leaks: bool. At the end, look for videos held out that show what others do that are trained on.
        chosen: lines that say why the recipe is what it is; they stand above it in recipe.yaml.
        lists: `videos`, `format` and `fold` of an annotation file, as `read_manifest` takes them; `group` and `folds`,
            as `split_videos` does.

    Returns:
        list of dicts, one an epoch.
    """
    folder = WorkFolder(workdir)
    _meet(folder, overwrite, coordinator, process_id, process_count)
    chief = process_id == 0
    keras.utils.set_random_seed(recipe.seed)
    if deterministic:
        on_devices.be_deterministic(recipe.precision)
    _check_names(recipe, devices, process_count)
    note = None if overwrite else load_note(folder.split_file)
    fed = load_training_data(recipe, data, shard=(process_id, process_count), data_service=data_service,
                             quarantine_csv=folder.quarantine_file if chief else None, note=note,
                             cache_folder=folder.frames,
                             by_position=note is None and folder.state_file.is_file() and not overwrite, **lists)
    resumes = folder.state_file.is_file() and not overwrite
    if not overwrite:
        _check_run(folder, recipe, fed.labels)
    skipped_before = quarantine.load(folder.quarantine_file) if resumes and folder.quarantine_file.is_file() else []
    with on_devices.scope(devices, recipe.data.batch_size, recipe.optimizer.accumulate):
        model = make_model(recipe, len(fed.labels), fed.sizes, weights=not resumes)
    _tell_room(model, recipe)
    with folder.alone() if chief else contextlib.nullcontext():
        if chief:  # not before: a start that fails leaves no folder behind, and a former run as it is
            if overwrite:
                folder.clear()
            folder.claim(recipe, fed.labels, describe_run(recipe, data, fed, deterministic, lists, chosen))
            if note is None:
                save_note(folder.split_file, fed.split.note)
        try:
            rows = fit(model, recipe, _clips(fed, recipe, devices, process_count), fed.validation, folder,
                       fed.sizes, full_clips=fed.train.at, names=fed.names, chief=chief,
                       checkpoint_minutes=checkpoint_minutes,
                       checkpoint_steps=checkpoint_steps, evaluate=on_devices.evaluator(model, recipe),
                       watch=_watch(fed, recipe), agree=on_devices.agree if process_count > 1 else bool)
            if chief and leaks and rows:
                _look_for_leaks(folder, fed.split, recipe)
            if fed.cache is not None and chief:
                fed.cache.clear()
            return rows
        finally:
            if chief:
                _save_quarantine(folder, sorted({*skipped_before, *fed.skipped}))


def _tell_room(model, recipe):
    """Says so before training where a batch will not fit; of an accelerator's memory nothing is known here."""
    if on_devices.accelerator() is None and (line := room_line(model, recipe, free_memory())):
        logging.warning("%s", line)


def _check_run(folder, recipe, labels):
    """As `WorkFolder.check`; says so where the run in the folder is given more epochs."""
    folder.check(recipe, labels)
    if folder.state_file.is_file() and folder.recipe_file.is_file():
        planned, asked = folder.recipe.schedule.epochs, recipe.schedule.epochs
        if asked > planned:
            logging.info("'%s' goes on to %d epochs in place of %d; its learning rate is from here on that of a run of "
                         "so many", folder, asked, planned)


def _clips(fed, recipe, devices, process_count=1):
    """Function (epoch, step) -> the batches to train on, as several devices can share them."""
    at = _weighed(fed, recipe, recipe.data.batch_size // process_count)
    if devices is None:
        return at
    left = fed.train.num_videos * recipe.data.clips_per_video % recipe.data.batch_size
    if left:
        logging.info("the last batch of an epoch, of %d clips, is filled up to %d with its own: each device needs a "
                     "share", left, recipe.data.batch_size)
    return on_devices.whole_batches(at, recipe.data.batch_size)


def _weighed(fed, recipe, batch_size):
    """Function (epoch, step) -> batches, with weights where classes or videos have some."""
    of_classes = None
    if recipe.loss.class_weight is not None:
        of_classes = balanced_weights(list(fed.train.manifest.counts().values()))
    if of_classes is None and fed.weights is None:
        return fed.at

    def at(epoch, step):
        own = None if fed.weights is None else fed.weights(epoch, step)
        return weighed(fed.at(epoch, step), batch_size, of_classes, own)

    return at


def _watch(fed, recipe):
    """What says that the run does not learn."""
    held = fed.validation and list(fed.validation.manifest.counts().values())
    counts = np.zeros(len(fed.labels))
    for entry in fed.train.manifest:
        counts[list(entry.labels)] += 1 if entry.weight is None else entry.weight
    return Watch(recipe, counts, held, fed.labels, fed.sizes)


def _meet(folder, overwrite, coordinator, process_id, process_count):
    """Joins the other processes of the run, if there are any; JAX must not have computed anything before."""
    if process_count < 1 or (process_count == 1 and (process_id or coordinator is not None)):
        raise ValueError("`--coordinator` and `--process_id` are for several processes: give all of them the same "
                         f"--process_count, 2 or more. Received: {process_count}.")
    if process_count > 1:
        if overwrite:
            folder.clear()  # before they meet, so that none removes what another has begun
        on_devices.join(coordinator, process_id, process_count)


def _look_for_leaks(folder, split, recipe):
    """Once, at the end: leaks.csv, for `summary` and `evaluate`."""
    if split.held_out is None or folder.leaks_file.is_file():
        return
    rows = find_leaks(split.training, split.held_out, recipe.data.workers)
    if rows is not None:
        save_leaks(folder.leaks_file, rows)


def outcome(folder, history):
    """What a run has come to, ready for JSON.

    Returns:
        dict of `workdir`, `model` (the best or last one, None before there is any), `history` (a dict an epoch), `best`
        (its row that is kept, or None), `skipped` [[path, reason]], `leaks`, rows or None where nobody looked, and
        `chosen`, why the recipe is as it is.
    """
    quarantined = quarantine.load(folder.quarantine_file) if folder.quarantine_file.is_file() else []
    model = next((os.fspath(path) for path in (folder.best, folder.last) if path.is_file()), None)
    return {"workdir": os.fspath(folder.path), "model": model, "history": list(history),
            "best": _best(folder, history)[1] if history else None,
            "skipped": [list(row) for row in quarantined],
            "leaks": load_leaks(folder.leaks_file) if folder.leaks_file.is_file() else None,
            "chosen": folder.run.get("chosen", [])}


def summary(folder, history):
    """What `res3d train` prints last."""
    skipped = quarantine.load(folder.quarantine_file)
    lines = []
    if history:
        monitor, best = _best(folder, history)
        found = f"best {monitor} {best[monitor]:.4f} in epoch {best['epoch']}"
        lines.append(f"{len(history)} epochs; {found}: {folder.best}")
    lines.append(f"{len(skipped)} videos skipped" + (f" (all in {folder.quarantine_file}):" if skipped else ""))
    lines += [f"  {path}: {reason}" for path, reason in skipped[:10]]
    lines += [f"  and {len(skipped) - 10} more"] if len(skipped) > 10 else []
    if folder.leaks_file.is_file():
        found = leak_line(load_leaks(folder.leaks_file), len(load_note(folder.split_file).held))
        lines.append(found if found.startswith("none") else f"{found}: {folder.leaks_file}")
    trained = folder.best.is_file() or folder.last.is_file()
    lines.append(f"next: res3d evaluate --workdir={folder}" if trained else "next: the same command, which goes on")
    return "\n".join(lines)


def _best(folder, history):
    """(the figure that decides, the row where it is best)."""
    monitor = monitored(folder.recipe.stop.monitor, history[-1])
    return monitor, (min if lower_is_better(monitor) else max)(history, key=lambda row: row[monitor])


def describe_run(recipe, data, fed, deterministic, lists, chosen=()):
    """Data, versions, seed and revision of a run, ready for JSON."""
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
            "command": sys.argv} | ({"chosen": list(chosen)} if chosen else {})


def _check_names(recipe, devices=None, process_count=1):
    """Before any video is read: an unknown name is the quickest mistake to tell."""
    if recipe.cycles is not None and (devices is not None or process_count > 1):
        raise ValueError("`multigrid` is for one device. Received: "
                         f"--devices={devices}, --process_count={process_count}. Leave them out, or set "
                         "multigrid.long and multigrid.short to false.")
    if devices is not None and recipe.model.recompute_blocks:
        raise ValueError("`model.recompute_blocks` is for one device a process. Received: --devices="
                         f"{devices}. Set it to false, or train with several processes on JAX.")
    protocol(recipe.protocol).check(recipe.clip)
    if recipe.model.name not in VARIANTS:
        near = difflib.get_close_matches(recipe.model.name, VARIANTS, 3)
        raise ValueError(f"`model.name` must be one of the names that `res3d models` lists. Received: "
                         f"{recipe.model.name!r}." + (f" Did you mean {' or '.join(near)}?" if near else ""))


def _save_quarantine(folder, skipped):
    with logged_from(logging.ERROR):  # each was logged when it was found
        found = quarantine.Quarantine(folder.quarantine_file)
        for path, reason in skipped:
            found.add(path, reason)
        found.save()
