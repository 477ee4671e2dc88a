"""A recipe and labelled long videos to a work folder: `model.fit` on windows, the best chosen by what it finds."""

import dataclasses

import keras
from absl import logging

from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset.windows.span_set import SpanSet
from pipelines.dataset.windows.training import check_window, training_windows
from pipelines.grouping.groups import groups_of
from pipelines.grouping.splits import hold_out
from pipelines.spans import read_spans
from pipelines.video.frame_cache import FrameCache
from res3d.heads.steps import step_classifier
from res3d.networks.network import build
from res3d.pretrained.copying import copy_weights
from res3d.saving import load_model
from res3d.spans.contract import SpanSpec
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.loop import fit
from res3d.training.workfolder import WorkFolder
from res3d.workflows.devices import be_deterministic
from res3d.workflows.feeding.augmentation import augmentation
from res3d.workflows.making import compiled, layers_in
from res3d.workflows.spans.figures import chosen_threshold, figures_of, find_all, mean_figures
from res3d.workflows.spans.reporting import leave_figures
from res3d.workflows.spans.step_figures import Steps
from res3d.workflows.start import load_start


def train_spans(recipe, data, workdir, *, deterministic=False, overwrite=False, checkpoint_minutes=5.0,
                checkpoint_steps=None, chosen=(), read=None, **lists):
    """Trains as `recipe` says on the windows of long videos and leaves a work folder with `spans.json`.

    Args:
        recipe: `Recipe` of task "spans".
        data: what `pipelines.read_spans` reads.
        workdir: folder; a run in it that is not finished goes on.
        deterministic: bool. Equal runs give equal numbers, at some cost in speed.
        overwrite: bool. Removes a former run first.
        checkpoint_minutes, checkpoint_steps: time or steps between two checkpoints within an epoch.
        chosen: lines that say why the recipe is what it is; they stand above it in recipe.yaml.
        read: as of `res3d.workflows.spans.labels.span_line`.
        lists: `videos` and `format` of an annotation file, as `read_spans` takes them.

    Returns:
        list of dicts, one an epoch; `val_map` is the mean over labels of average precision on the videos held out.
    """
    check_window(recipe.clip)
    keras.utils.set_random_seed(recipe.seed)
    if deterministic:
        be_deterministic(recipe.precision)
    folder, spans = WorkFolder(workdir), SpanSet(read_spans(data, **lists) if read is None else read())
    train, held = held_out(spans, recipe.data.validation_fraction, recipe.seed, recipe.data.validation_split,
                           None if overwrite else folder.held_out_file)
    recipe = dataclasses.replace(recipe, loss=dataclasses.replace(recipe.loss, multi_label=spans.overlapping))
    spec = SpanSpec(tuple(spans.labels), recipe.clip.fps / recipe.clip.stride, recipe.clip.frames,
                    none_class=not spans.overlapping, instants=tuple(spans.instants))
    resumes = folder.state_file.is_file() and not overwrite
    if not overwrite:
        folder.check(recipe, spans.labels)
    windows = _windows(recipe, train, spec, folder)
    sizes = EpochSizes.alike(windows.steps_per_epoch, recipe.data.batch_size)
    model = make_span_model(recipe, spec.num_classes, sizes, weights=not resumes)
    with folder.alone():
        if overwrite:
            folder.clear()
        run = {"data": str(data), "task": "spans", "videos": len(train.videos), "held_out": len(held.videos),
               "deterministic": deterministic}
        run |= {"chosen": list(chosen)} if chosen else {}
        folder.claim(recipe, spans.labels, run)
        spec.save(folder.spans_file)
        held.save(folder.held_out_file)

        def measure(held):
            found, _, _ = find_all(model, recipe.clip, spec, held)
            return {"map": mean_figures(found, held.spans, spec.instants)["map"]}

        rows = fit(model, recipe, windows.at, held if held.spans else None, folder, sizes,
                   checkpoint_minutes=checkpoint_minutes, checkpoint_steps=checkpoint_steps, evaluate=measure,
                   measures=("map",))
        if rows and held.spans:
            _choose_threshold(folder, recipe, spec, held)
    return rows


def make_span_model(recipe, num_classes, sizes, weights=True):
    """The compiled network of a recipe: a row that keeps time, and a head that scores its steps."""
    options = {**recipe.model.options, "keep_time": True, "features": True}
    with layers_in(recipe.precision):
        backbone = build(recipe.model.name, clip=recipe.clip, **options)
        if weights and recipe.start.weights is not None:
            _load_backbone(backbone, recipe)
        spans = recipe.spans
        model = step_classifier(backbone, num_classes, spans.filters, spans.dilations, spans.dropout)
    return compiled(model, recipe, sizes)


def _load_backbone(backbone, recipe):
    """Weights of clips, whose classifier is left out: by way of a network that has one, which any source fits."""
    whole = build(recipe.model.name, 2, recipe.clip, **recipe.model.options)
    load_start(whole, recipe.start.weights)
    copy_weights(whole, backbone, recipe.start.weights)


def held_out(spans, fraction, seed, split="val", begun=None):
    """(training, held out) of a `SpanSet`: the videos of the split of that name, or where there is none about
    `fraction` of those of each label, by whole groups, of which the names and the seed decide.

    A run that goes on holds out what its file `begun` says. A label that one side alone can have is said.
    """
    splits = {span.video: span.split for span in spans.spans}
    if split in splits.values():
        return _sides(spans, {video for video in spans.videos if splits.get(video) == split})
    if begun is not None and begun.is_file():
        return _sides(spans, _as_begun(spans, begun))
    group_of, ids = {span.video: span.group for span in spans.spans}, {name: i for i, name in enumerate(spans.labels)}
    manifest = Manifest([Entry(video, tuple(sorted({ids[span.label] for span in spans.of(video)})),
                               group=group_of.get(video)) for video in spans.videos], spans.labels, multi_label=True)
    groups = groups_of(manifest)
    division = hold_out(manifest, groups, fraction if len(groups) > 1 else 0.0, seed)
    if division.only_trained:
        logging.warning("labels of which one video or group has all, so that nothing of them can be held out: %s",
                        ", ".join(division.only_trained))
    return _sides(spans, {spans.videos[place] for place in division.held})


def _as_begun(spans, file):
    """The videos that a run held out; ValueError names one that is gone."""
    held = SpanSet.load(file).videos
    gone = [video for video in held if video not in set(spans.videos)]
    if gone:
        raise ValueError(f"The run held out {len(held)} videos of which {len(gone)} are gone, such as '{gone[0]}'. Put "
                         "them back under their names, or start anew in another --workdir.")
    return set(held)


def _sides(spans, held):
    return tuple(spans.select([video for video in spans.videos if (video in held) == side]) for side in (False, True))


def _windows(recipe, train, spec, folder):
    data, options = recipe.data, recipe.spans
    cache = None if data.cache is None else FrameCache(data.cache, folder.frames)
    return training_windows(
        train, recipe.clip, data.batch_size, recipe.seed, workers=data.workers, none_class=spec.none_class,
        augment=augmentation(recipe, train.labels), background=options.background,
        density=options.density, foreground_weight=options.foreground_weight, mixup=options.mixup,
        dilation_seconds=options.dilation_seconds, quarantine_csv=folder.quarantine_file, cache=cache)


def _choose_threshold(folder, recipe, spec, held):
    """Once, at the end: the threshold of the best model into `spans.json`, its figures and their page beside it."""
    steps = Steps(held, spec)
    found, seconds, skipped = find_all(load_model(folder.best, compile=False), recipe.clip, spec, held, steps)
    threshold = chosen_threshold(found, held, seconds, recipe.spans.alarms_per_hour)
    spec = spec.replace(threshold=threshold, alarms_per_hour=recipe.spans.alarms_per_hour)
    spec.save(folder.spans_file)
    figures = figures_of(found, held, spec, seconds, steps, own=True) | {"skipped": skipped}
    leave_figures(folder, found, held, spec, figures, own=True)
