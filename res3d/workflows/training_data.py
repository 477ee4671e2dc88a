"""From a data set and a recipe to what training is fed: the clips of any epoch from any step, and those held out."""

import dataclasses

from absl import logging

from pipelines.annotations.entries import Manifest, canonical_split
from pipelines.annotations.labels import counted_from_one
from pipelines.dataset.epochs import EpochPlan
from pipelines.dataset.evaluation import evaluation_clips
from pipelines.dataset.training import training_clips
from pipelines.dataset.weighing import clip_weights
from pipelines.grouping.groups import groups_of
from pipelines.grouping.note import Note, video_names
from pipelines.grouping.splits import folds as folds_of
from pipelines.grouping.splits import hold_out
from pipelines.manifest import read_manifest
from pipelines.sample import seeds
from pipelines.video.frame_cache import FrameCache
from res3d.training.epoch_sizes import EpochSizes
from res3d.workflows.feeding.augmentation import augmentation
from res3d.workflows.feeding.mixing import mixing_of
from res3d.workflows.feeding.multigrid import multigrid_clips, sizes_of

HOLD_OUT_KEY = 0x4E1D  # keeps the draw of the held-out videos apart from all other draws of the seed


@dataclasses.dataclass(frozen=True)
class Split:
    """The videos of a run.

    Attributes:
        training: `Manifest`.
        held_out: `Manifest` or None.
        whole: `Manifest` of all videos there are.
        groups: list of str, one an entry of `whole`.
    """

    training: Manifest
    held_out: Manifest | None
    whole: Manifest
    groups: list

    @property
    def note(self):
        """`Note` of both sides."""
        known = {id(entry): pair for entry, *pair in zip(self.whole, video_names(self.whole), self.groups)}
        return Note(*(dict(known[id(entry)] for entry in side or ()) for side in (self.training, self.held_out)))


@dataclasses.dataclass
class TrainingData:
    """What `train` feeds.

    Attributes:
        labels: label names in the order of their ids.
        train: `ClipDataset`; `train.at(epoch, step)` gives the rest of an epoch.
        validation: `ClipDataset` or None.
        multi_label: bool.
        missing: (path, reason) rows of the annotation that have no file.
        names: function (epoch, step) -> the videos of a batch.
        split: `Split` that it was made of.
        weights: function (epoch, step) -> a float a clip of the rest of the epoch, or None where all count alike.
        cycling: `CyclingClips` that multigrid training takes in the place of `train`, or None.
        sizes: `EpochSizes` of the run.
        cache: `FrameCache` or None. What keeps decoded frames of both datasets.
    """

    labels: list
    train: object
    validation: object
    multi_label: bool
    missing: list
    names: object
    split: object
    weights: object = None
    cache: object = None
    cycling: object = None
    sizes: object = None

    @property
    def at(self):
        """Function (epoch, step) -> the batches to train on."""
        return (self.cycling or self.train).at

    @property
    def skipped(self):
        """(path, reason) of every video that could not be used, those without a file included."""
        found = set(self.missing)
        for dataset in (self.train, self.validation):
            if dataset is not None:
                found.update(dataset.quarantine)
        return sorted(found)


def load_training_data(recipe, data, labels=None, shard=(0, 1), quarantine_csv=None, data_service=None, note=None,
                       by_position=False, cache_folder=None, **lists):
    """Reads `data` and makes the two datasets.

    Args:
        recipe: `Recipe`.
        data: folder, manifest, annotation file or prepared folder.
        labels: label names that fix the ids, or None.
        shard: (index, count). This process's share of every training batch.
        quarantine_csv: path or None. Kept up to date by the training clips.
        data_service: address of a dispatcher of shared input workers, or None.
        note, by_position: as `split_videos` takes them.
        cache_folder: path or None. Where decoded frames lie that are kept on a disk.
        lists: `videos`, `format`, `fold`, `group` and `folds`, as `split_videos` takes them.

    Raises:
        ValueError: for a class without training videos, an empty split, several labels where the recipe has one.
    """
    split = split_videos(recipe, data, labels, note, by_position, **lists)
    training, held_out, manifest = split.training, split.held_out, split.whole
    _every_class(training)
    if recipe.data.balanced and lists.get("group") is not None:
        training = _with_groups(training, split)
    if manifest.multi_label != recipe.loss.multi_label:
        have = "several labels a video" if manifest.multi_label else "one label a video"
        raise ValueError(f"`loss.multi_label` must fit the data, which have {have}. Received: "
                         f"loss.multi_label={str(recipe.loss.multi_label).lower()}.")
    asked = recipe.data
    cache = None if asked.cache is None else FrameCache(asked.cache, cache_folder)
    options = {"workers": asked.workers, "labels": manifest.labels, "cache": cache}
    if asked.batch_size % shard[1]:
        raise ValueError(f"`data.batch_size` must divide over {shard[1]} processes. Received: "
                         f"data.batch_size={asked.batch_size}. Use a multiple of {shard[1]}.")
    size = asked.batch_size // shard[1]
    if asked.balanced and manifest.multi_label:
        raise ValueError("`data.balanced` needs one label a video; these data have several. Received: "
                         "data.balanced=True. Set it to false.")
    extra = {} if data_service is None else {"data_service": data_service}
    train = training_clips(
        training, clip=recipe.clip, batch_size=size, seed=recipe.seed, shard=shard,
        clips_per_video=asked.clips_per_video, balanced=asked.balanced, augment=augmentation(recipe, manifest.labels),
        mix=mixing_of(asked), quarantine_csv=quarantine_csv, temporal_crop=asked.temporal_crop, **options, **extra)
    validation = None if held_out is None else evaluation_clips(held_out, clip=recipe.clip,
                                                                batch_size=asked.batch_size, **options)
    entries, plan = train.manifest.entries, EpochPlan(train.manifest, size, recipe.seed, shard, asked.clips_per_video,
                                                      asked.balanced)

    def names(epoch, step):
        first = step * size // asked.clips_per_video
        last = ((step + 1) * size - 1) // asked.clips_per_video
        return [entries[video].path for video in plan.videos(epoch)[first:last + 1]]

    cycling = multigrid_clips(recipe, train)
    weights = clip_weights(entries, plan, size, asked.clips_per_video, mixup=asked.mixup, cutmix=asked.cutmix)
    sizes = sizes_of(recipe, cycling) if cycling else EpochSizes.alike(train.steps_per_epoch, asked.batch_size)
    return TrainingData(list(manifest.labels), train, validation, manifest.multi_label,
                        [(row.path, row.reason) for row in manifest.missing], cycling.names if cycling else names,
                        split, weights, cache, cycling, sizes)


def split_videos(recipe, data, labels=None, note=None, by_position=False, group=None, folds=None, **lists):
    """The videos to train on and those to validate on.

    Splits that the data set has are used, unless `folds` asks for others. Otherwise `data.validation_fraction` of each
    class is held out by whole groups, of which the names and the seed decide.

    Args:
        recipe: `Recipe`.
        data, labels, lists: as `read_manifest` takes them; with `folds`, `fold` is the one held out, from 1.
        note: `Note` of the run that goes on, which is followed, or None.
        by_position: bool. The rule of former versions, for runs that they began.
        group: pattern of names, or "folder", as `groups_of` takes it.
        folds: int or None. Parts of which one is held out.

    Raises:
        ValueError: if groups or folds cannot be had, a class has no video to train on, or videos of `note` are gone.
    """
    fold = lists.pop("fold", 1) if folds is not None else None
    manifest = read_manifest(data, labels=labels, **lists)
    groups = groups_of(manifest, group)
    if note is not None:
        return _noted(manifest, note, groups.names, data)
    splits = set(manifest.splits) - {None}
    if folds is not None:
        kept, held = _sides(manifest, division_of_fold(manifest, groups, folds, fold, recipe.seed))
    elif splits:
        return _own_splits(recipe, manifest, groups.names, data)
    elif by_position:
        kept, held = held_by_position(manifest, recipe.data.validation_fraction, recipe.seed)
    else:
        kept, held = held_by_group(manifest, recipe.data.validation_fraction, recipe.seed, group)
    if held:
        logging.info("%d of %d videos in '%s' held out, by whole groups, which are told by: %s", len(held),
                     len(manifest), data, groups.source)
    return Split(Manifest(kept, manifest.labels, manifest.missing, manifest.multi_label),
                 Manifest(held, manifest.labels, (), manifest.multi_label) if held else None, manifest, groups.names)


def held_by_group(manifest, fraction, seed, group=None):
    """(entries to train on, entries held out): `fraction` of each class by whole groups; a class of one is named."""
    groups = groups_of(manifest, group)
    if not fraction or len(manifest) < 2:
        return list(manifest), []
    try:
        division = hold_out(manifest, groups, fraction, seed)
    except ValueError as error:
        raise ValueError(f"{error} In a recipe that is data.validation_fraction=0.") from None
    if division.only_trained:
        logging.warning("classes of one group (%s), of which nothing can be held out: %s. Record another, or the "
                        "validation says nothing about them", groups.source, ", ".join(division.only_trained))
    return _sides(manifest, division)


def held_by_position(manifest, fraction, seed):
    """(entries to train on, entries held out) as former versions drew them, by place among the files of the day."""
    held = set()
    for label in range(manifest.num_classes):
        members = [i for i, entry in enumerate(manifest.entries) if entry.labels[:1] == (label,)]
        count = min(max(round(fraction * len(members)), 1), len(members) - 1) if fraction and members else 0
        places = seeds.permutation(len(members), seed, label, HOLD_OUT_KEY)[:count]
        held.update(members[place] for place in places)
    return ([entry for i, entry in enumerate(manifest.entries) if i not in held],
            [entry for i, entry in enumerate(manifest.entries) if i in held])


def division_of_fold(manifest, groups, folds, fold, seed):
    """`Division` that holds out the part `fold`, from 1, of `folds`; ValueError where there is no such part."""
    if not 1 <= fold <= folds:
        raise ValueError(f"`--fold` must be 1 to {folds}, as there are --folds={folds}. Received: {fold}.")
    return folds_of(manifest, groups, folds, seed)[fold - 1]


def _own_splits(recipe, manifest, groups, data):
    wanted, splits = canonical_split(recipe.data.validation_split), set(manifest.splits) - {None}
    training, held = manifest.select("train"), None
    if wanted in splits:
        held = manifest.select(wanted)
    else:
        logging.warning("no split '%s' in '%s' (it has %s): training without validation; --set data.validation_split="
                        "NAME takes another", wanted, data, ", ".join(sorted(splits)))
    return Split(training, held, manifest, groups)


def _noted(manifest, note, groups, data):
    """The videos of a run that goes on, in the order they were noted in."""
    found = dict(zip(video_names(manifest), manifest.entries))
    gone = [name for name in (*note.trained, *note.held) if name not in found]
    if gone:
        raise ValueError(f"The run began with videos of which {len(gone)} are gone, such as '{gone[0]}'. Put them back "
                         "under their names, or start anew in another --workdir.")
    new = [name for name in found if name not in note.trained and name not in note.held]
    if new:
        logging.warning("%d videos of '%s' are not among those of the run, such as '%s': it goes on without them",
                     len(new), data, new[0])
    sides = ([found[name] for name in names] for names in (note.trained, note.held))
    training, held = (Manifest(side, manifest.labels, manifest.missing if i == 0 else (), manifest.multi_label)
                      for i, side in enumerate(sides))
    return Split(training, held if len(held) else None, manifest, groups)


def _sides(manifest, division):
    return ([manifest.entries[i] for i in division.train], [manifest.entries[i] for i in division.held])


def _with_groups(training, split):
    """The same videos with the groups that a pattern told, which then come equally often in their class."""
    known = {id(entry): group for entry, group in zip(split.whole, split.groups)}
    entries = [dataclasses.replace(entry, group=known[id(entry)]) for entry in training]
    return Manifest(entries, training.labels, training.missing, training.multi_label)


def _every_class(manifest):
    empty = [label for label, count in manifest.counts().items() if not count]
    if empty:
        shown = ", ".join(repr(label) for label in empty[:5]) + (", ..." if len(empty) > 5 else "")
        advice = counted_from_one(manifest.labels, empty) or "Add videos, or take the class out of the labels."
        raise ValueError(f"Each class needs a video to train on. {len(empty)} of {manifest.num_classes} have none: "
                         f"{shown}. {advice}")
    if manifest.num_classes < 2 and not manifest.multi_label:
        raise ValueError(f"Training needs two classes or more, to tell one from another. Received one: "
                         f"{', '.join(map(repr, manifest.labels))}. Pass the folder that holds a folder per class, not "
                         "the one above it, or add videos of other classes.")
