"""Which videos a run is judged on, which it was trained on, and what of the first it has met."""

from absl import logging

from pipelines.annotations.entries import Manifest, canonical_split
from pipelines.grouping.groups import groups_of
from pipelines.grouping.note import load_note, video_names
from pipelines.manifest import read_manifest
from res3d.workflows.training_data import division_of_fold, held_by_position


def videos_to_judge(folder, recipe, data, split, labels, lists):
    """The manifest to evaluate.

    Args:
        folder: `WorkFolder`.
        recipe: its `Recipe`.
        data, split: as `evaluate` takes them.
        labels: the label names of the network.
        lists: dict. What else `evaluate` was told of how the data are read.
    """
    own, asked = data is None, lists
    if own:
        data, lists = folder.run.get("data"), {**folder.run.get("lists", {}), **lists}
    if data is None:
        raise ValueError(f"`--data` must name videos: '{folder}' does not say what it was trained on. Received none.")
    note = load_note(folder.split_file)
    if own and split is None and note is not None and note.held and "fold" not in asked:
        return _held(note, read_manifest(data, labels=labels, **_plain(lists)), data)
    manifest = read_manifest(data, labels=labels, **_plain(lists))
    if own and split is None and lists.get("folds") is not None:
        return _fold(note, manifest, recipe, lists, data)
    if split is not None:
        return manifest.select(split)
    wanted = canonical_split(recipe.data.validation_split)
    if wanted in manifest.splits:
        return manifest.select(wanted)
    if own and note is None and not set(manifest.splits) - {None}:  # a run of a former version
        _, held = held_by_position(manifest, recipe.data.validation_fraction, recipe.seed)
        if held:
            return Manifest(held, manifest.labels, manifest.missing, manifest.multi_label)
    others = [entry for entry in manifest if entry.split not in ("train", None)]
    if own and others:
        logging.info("no split '%s' in '%s': evaluating its %s", wanted, data,
                     " and ".join(sorted({entry.split for entry in others})))
        missing = [row for row in manifest.missing if row.split not in ("train", None)]
        return Manifest(others, manifest.labels, missing, manifest.multi_label)
    if own:
        logging.warning("'%s' has no videos apart from those trained on: the figures say nothing about new ones", data)
    return manifest


def _held(note, manifest, data):
    """The videos that the run held out, by their names, whatever else there is today."""
    named = dict(zip(video_names(manifest), manifest))
    entries = [entry for name, entry in named.items() if name in note.held]
    gone = len(note.held) - len(entries)
    if gone:
        logging.warning("%d of the %d videos that the run held out are no longer in '%s'", gone, len(note.held), data)
    if not entries:
        raise ValueError(f"Expected videos that the run held out. None of {len(note.held)}, such as "
                         f"'{next(iter(note.held))}', is in '{data}' under its name. Name videos with --data.")
    new = [name for name in named if name not in note.held and name not in note.trained]
    if new:
        logging.info("%d videos in '%s' came after the run began, such as '%s': --data evaluates all", len(new), data,
                     new[0])
    return Manifest(entries, manifest.labels, [row for row in manifest.missing if row.split != "train"],
                    manifest.multi_label)


def _fold(note, manifest, recipe, lists, data):
    """One of the folds of a run that was made with --folds, which are those of the videos there were then."""
    if note is not None:
        known = {**note.trained, **note.held}
        entries = [entry for name, entry in zip(video_names(manifest), manifest) if name in known]
        if len(entries) < len(known):
            logging.warning("%d of the %d videos that the folds were made of are no longer in '%s': these folds may be "
                            "others", len(known) - len(entries), len(known), data)
        manifest = Manifest(entries, manifest.labels, manifest.missing, manifest.multi_label)
    groups = groups_of(manifest, lists.get("group"))
    division = division_of_fold(manifest, groups, lists["folds"], lists.get("fold", 1), recipe.seed)
    return division.sides(manifest)[1]


def _plain(lists):
    """What `read_manifest` takes of the options; `fold` of --folds is none of its."""
    return {name: value for name, value in lists.items() if name not in ("group", "folds")
            and (name != "fold" or "folds" not in lists)}


def known(folder, manifest, group):
    """{figure: count} of what the run was trained on among the videos, which is also said."""
    note = load_note(folder.split_file)
    if note is None:
        return {}
    trained, alike = note.met(manifest, group)
    if trained:
        logging.warning("%d of %d videos were trained on, such as '%s': the figures say little about new ones",
                        len(trained), len(manifest), trained[0])
    if alike:
        logging.warning("%d of %d videos are of a group that was trained on, such as '%s'", len(alike), len(manifest),
                        alike[0])
    return {"trained_on": len(trained), "of_trained_groups": len(alike)}


def check_truth(manifest, folder, multi_label):
    """Raises ValueError where videos have no label, or more labels than the network gives."""
    several = [entry.path for entry in manifest if len(entry.labels) > 1]
    if several and not multi_label:
        raise ValueError(f"The videos must have one label each, as those that '{folder}' was trained on. Received: "
                         f"several for {len(several)} of {len(manifest)}, such as '{several[0]}'. Evaluate a run of "
                         "loss.multi_label=true on them.")
    unlabelled = [entry.path for entry in manifest if not entry.labels]
    if unlabelled and (not multi_label or len(unlabelled) == len(manifest)):
        raise ValueError(f"A video to evaluate needs a label. {len(unlabelled)} of {len(manifest)} have none, such as "
                         f"'{unlabelled[0]}'. Use `res3d predict` for videos without labels.")


def videos_trained_on(folder, labels):
    """The manifest of what a run was trained on, as far as it is still there; empty where nothing tells.

    Args:
        folder: `WorkFolder`.
        labels: the label names of the network.
    """
    note = load_note(folder.split_file)
    data = folder.run.get("data") if note is not None else None
    if data is None:
        return Manifest([], labels)
    try:
        manifest = read_manifest(data, labels=labels, **_plain(folder.run.get("lists", {})))
    except (OSError, ValueError) as error:
        logging.warning("the videos trained on cannot be listed any more (%s)", error)
        return Manifest([], labels)
    entries = [entry for name, entry in zip(video_names(manifest), manifest) if name in note.trained]
    return Manifest(entries, manifest.labels, (), manifest.multi_label)
