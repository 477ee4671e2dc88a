"""From a data set and a recipe to what training is fed: the clips of any epoch from any step, and those held out."""

import dataclasses

from absl import logging

from pipelines.annotations.entries import Manifest, canonical_split
from pipelines.augment import chaining, crops, flip, mixing
from pipelines.dataset import order
from pipelines.dataset.evaluation import evaluation_clips
from pipelines.dataset.training import training_clips
from pipelines.manifest import read_manifest
from pipelines.sample import seeds

HOLD_OUT_KEY = 0x4E1D  # keeps the draw of the held-out videos apart from all other draws of the seed


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
    """

    labels: list
    train: object
    validation: object
    multi_label: bool
    missing: list
    names: object

    @property
    def skipped(self):
        """(path, reason) of every video that could not be used, those without a file included."""
        found = set(self.missing)
        for dataset in (self.train, self.validation):
            if dataset is not None:
                found.update(dataset.quarantine)
        return sorted(found)


def load_training_data(recipe, data, labels=None, shard=(0, 1), quarantine_csv=None, data_service=None, **lists):
    """Reads `data` and makes the two datasets.

    Args:
        recipe: `Recipe`.
        data: folder, manifest, annotation file or prepared folder.
        labels: label names that fix the ids, or None.
        shard: (index, count). This process's share of every training batch.
        quarantine_csv: path or None. Kept up to date by the training clips.
        data_service: address of a dispatcher of shared input workers, or None.
        lists: `videos`, `format` and `fold` of an annotation file, as `read_manifest` takes them.

    Raises:
        ValueError: for a class without training videos, an empty split, several labels where the recipe has one.
    """
    training, held_out, manifest = split_data(recipe, data, labels, **lists)
    if manifest.multi_label != recipe.loss.multi_label:
        have = "several labels a video" if manifest.multi_label else "one label a video"
        raise ValueError(f"`loss.multi_label` must fit the data, which have {have}. Received: "
                         f"loss.multi_label={str(recipe.loss.multi_label).lower()}.")
    asked = recipe.data
    options = {"workers": asked.workers, "labels": manifest.labels}
    if asked.batch_size % shard[1]:
        raise ValueError(f"`data.batch_size` must divide over {shard[1]} processes. Received: "
                         f"data.batch_size={asked.batch_size}. Use a multiple of {shard[1]}.")
    if asked.balanced and manifest.multi_label:
        raise ValueError("`data.balanced` needs one label a video; these data have several. Received: "
                         "data.balanced=True. Set it to false.")
    extra = {} if data_service is None else {"data_service": data_service}
    train = training_clips(
        training, clip=recipe.clip, batch_size=asked.batch_size // shard[1], seed=recipe.seed, shard=shard,
        clips_per_video=asked.clips_per_video, balanced=asked.balanced, augment=augmentation(recipe, manifest.labels),
        mix=_mixing(asked), quarantine_csv=quarantine_csv, **options, **extra)
    validation = None
    if held_out is not None:
        validation = evaluation_clips(held_out, clip=recipe.clip, batch_size=asked.batch_size, **options)
    entries = train.manifest.entries

    def names(epoch, step):
        if asked.balanced:
            videos = order.balanced_order([entry.label for entry in entries], recipe.seed, epoch, shard)
        else:
            videos = order.epoch_order(len(entries), recipe.seed, epoch, shard)
        size = asked.batch_size // shard[1]
        first = step * size // asked.clips_per_video
        last = ((step + 1) * size - 1) // asked.clips_per_video
        return [entries[video].path for video in videos[first:last + 1]]

    missing = [(row.path, row.reason) for row in manifest.missing]
    return TrainingData(list(manifest.labels), train, validation, manifest.multi_label, missing, names)


def split_data(recipe, data, labels=None, **lists):
    """The videos to train on, those to validate on, and all.

    Splits that the data set has are used; otherwise `data.validation_fraction` of each class is held out, always the
    same videos for the same seed.

    Returns:
        (`Manifest` for training, `Manifest` for validation or None, the whole `Manifest`).
    """
    manifest = read_manifest(data, labels=labels, **lists)
    wanted = canonical_split(recipe.data.validation_split)
    splits = set(manifest.splits) - {None}
    if not splits:
        kept, held = hold_out(manifest, recipe.data.validation_fraction, recipe.seed)
        training = Manifest(kept, manifest.labels, manifest.missing, manifest.multi_label)
        _every_class(training)
        held_out = Manifest(held, manifest.labels, (), manifest.multi_label) if held else None
        if held_out is not None:
            logging.info("no splits in '%s': %d of %d videos held out", data, len(held), len(manifest))
        return training, held_out, manifest
    training = manifest.select("train")
    _every_class(training)
    if wanted not in splits:
        logging.warning("no split '%s' in '%s' (it has %s): training without validation; --set data.validation_split="
                        "NAME takes another", wanted, data, ", ".join(sorted(splits)))
        return training, None, manifest
    return training, manifest.select(wanted), manifest


def hold_out(manifest, fraction, seed):
    """(entries to train on, entries held out): `fraction` of each class, at least one of a class of two and more."""
    held = set()
    for label in range(manifest.num_classes):
        members = [i for i, entry in enumerate(manifest.entries) if entry.labels[:1] == (label,)]
        count = min(max(round(fraction * len(members)), 1), len(members) - 1) if fraction and members else 0
        places = seeds.permutation(len(members), seed, label, HOLD_OUT_KEY)[:count]
        held.update(members[place] for place in places)
    return ([entry for i, entry in enumerate(manifest.entries) if i not in held],
            [entry for i, entry in enumerate(manifest.entries) if i in held])


def augmentation(recipe, labels):
    """The augmentation of a recipe, or None: a crop of random size and place, a flip where no label has a direction."""
    asked, clip = recipe.data, recipe.clip
    if not asked.augment:
        return None
    steps = []
    if asked.scale:
        if max(asked.scale) > 1:
            steps.append(crops.short_side_jitter(clip.height, clip.width, tuple(map(int, asked.scale))))
        else:
            steps.append(crops.random_resized_crop(clip.height, clip.width, scale=asked.scale))
    if asked.flip:
        try:
            steps.append(flip.random_flip(labels=labels))
        except ValueError as error:
            raise ValueError(f"{error} In a recipe that is data.flip=false.") from None
    return chaining.chain(*steps) if steps else None


def _mixing(asked):
    if not asked.mixup and not asked.cutmix:
        return None
    if asked.mixup and asked.cutmix:
        return mixing.mixup_or_cutmix(asked.mixup, asked.cutmix)
    if asked.mixup:
        return mixing.mixup(asked.mixup)
    return mixing.cutmix(asked.cutmix)


def _every_class(manifest):
    empty = [label for label, count in manifest.counts().items() if not count]
    if empty:
        shown = ", ".join(repr(label) for label in empty[:5]) + (", ..." if len(empty) > 5 else "")
        raise ValueError(f"Each class needs a video to train on. {len(empty)} of {manifest.num_classes} have none: "
                         f"{shown}. Add videos, or take the class out of the labels.")
