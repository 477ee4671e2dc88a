"""What is trained on and what is held out."""

import dataclasses

import numpy as np
import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.manifest import read_manifest
from res3d.training.recipe import find_recipe
from res3d.workflows.feeding.augmentation import augmentation
from res3d.workflows.training_data import held_by_group as hold_out
from res3d.workflows.training_data import load_training_data
from tests.pipelines.empty_files import make


def videos(*counts):
    entries = [Entry(f"{label}/{i}.mp4", (label,)) for label, count in enumerate(counts) for i in range(count)]
    return Manifest(entries, [f"class{i}" for i in range(len(counts))])


@pytest.mark.parametrize(("counts", "held"), [((10, 10), (2, 2)), ((1, 2, 3), (0, 1, 1)), ((40,), (8,))])
def test_a_share_of_every_class_is_held_out(counts, held):
    kept, out = hold_out(videos(*counts), 0.2, seed=0)
    assert len(kept) + len(out) == sum(counts)
    assert not {entry.path for entry in kept} & {entry.path for entry in out}
    assert tuple(np.bincount([entry.label for entry in out], minlength=len(counts))) == held


def test_the_same_seed_holds_out_the_same_videos():
    first, again, other = (hold_out(videos(30, 30), 0.2, seed)[1] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_nothing_is_held_out_when_nothing_is_asked():
    assert hold_out(videos(5, 5), 0.0, 0)[1] == []


def test_ids_counted_from_one_are_told(tmp_path, tiny):
    (tmp_path / "clips.txt").write_text("".join(f"{make(tmp_path, f'{i}.avi')}/{i}.avi {i}\n" for i in (1, 2, 3)))
    with pytest.raises(ValueError, match=r"1 of 4 have none: '0'\. Ids are counted from 0, and these seem to begin "
                                         r"at 1: subtract 1 from each, or write a CSV manifest"):
        load_training_data(find_recipe("demo", tiny), tmp_path / "clips.txt")


def test_the_folder_above_the_classes_is_told(motion, tmp_path, tiny):
    (tmp_path / "motion").symlink_to(motion / "train")
    with pytest.raises(ValueError, match=r"two classes or more.* Received one: 'motion'\. Pass the folder that holds"):
        load_training_data(find_recipe("demo", tiny), tmp_path)


def test_a_flip_that_swaps_classes_is_refused_with_the_field_to_set():
    with pytest.raises(ValueError, match=r"\['left', 'right'\]\..* In a recipe that is data\.flip=false\."):
        augmentation(find_recipe("demo", ["data.augment=true", "data.flip=true"]), ["left", "right"])


def test_segments_and_their_temporal_crop_are_those_of_the_recipe(motion, tiny):
    recipe = find_recipe("demo", [*tiny, "clip.sampling=segments", "data.temporal_crop=0.5"])
    fed = load_training_data(recipe, motion)
    assert fed.train.clip == fed.validation.clip == recipe.clip
    assert fed.train.clip.in_segments
    assert (fed.train.source.temporal_crop, fed.validation.source.temporal_crop) == (0.5, 0.0)


def test_the_names_of_a_batch_are_those_of_its_clips(motion, tiny):
    recipe = find_recipe("demo", [*tiny, "data.batch_size=4"])
    fed = load_training_data(recipe, motion)
    manifest = read_manifest(motion, split="train")
    label_of = {entry.path: entry.label for entry in manifest}
    for step, (_, labels) in enumerate(fed.train.at(3)):
        assert [label_of[path] for path in fed.names(3, step)] == labels.numpy().tolist()


def test_balanced_classes_come_equally_often_and_keep_their_names(motion, tiny):
    few = read_manifest(motion, split="train")
    entries = [entry for entry in few if entry.label == 0 or entry.path.endswith("0000.avi")][:5]
    manifest = Manifest([dataclasses.replace(entry, split=None) for entry in entries] * 2, few.labels[:4])
    fed = load_training_data(find_recipe("demo", [*tiny, "data.batch_size=4", "data.balanced=true",
                                                  "data.validation_fraction=0"]), manifest)
    label_of, seen = {entry.path: entry.label for entry in entries}, []
    for epoch in range(2):
        for step, (_, labels) in enumerate(fed.train.at(epoch)):
            assert [label_of[path] for path in fed.names(epoch, step)] == labels.numpy().tolist()
            seen += labels.numpy().tolist()
    assert np.bincount(seen).tolist() == [5, 5, 5, 5]


def test_balanced_takes_groups_in_turn_in_their_class(motion, tiny):
    few = read_manifest(motion, split="train")
    files = [entry for entry in few if entry.label < 2]
    rows = [dataclasses.replace(entry, split=None, start=start) for entry in files
            for start in ((None, 0.1, 0.2) if entry.path.endswith("0000.avi") else (None,))]
    manifest = Manifest(rows, few.labels[:2])
    fed = load_training_data(find_recipe("demo", [*tiny, "data.batch_size=4", "data.balanced=true",
                                                  "data.validation_fraction=0"]), manifest, group=r"(\d+)\.avi")
    seen = [fed.names(epoch, step) for epoch in range(2) for step in range(2)]
    names = [name for batch in seen for name in batch]
    assert sorted(names.count(entry.path) for entry in files) == [4] * 4  # though three in four rows are of one


def test_a_batch_that_does_not_divide_over_the_processes(motion, tiny):
    with pytest.raises(ValueError, match=r"must divide over 3 processes. Received: data.batch_size=8. Use a multiple"):
        load_training_data(find_recipe("demo", tiny), motion, shard=(0, 3))


def test_an_epoch_can_be_entered_anywhere(motion, tiny):
    fed = load_training_data(find_recipe("demo", [*tiny, "data.batch_size=4"]), motion)
    whole = [clips.numpy() for clips, _ in fed.train.at(1)]
    rest = [clips.numpy() for clips, _ in fed.train.at(1, 2)]
    assert len(rest) == len(whole) - 2
    np.testing.assert_array_equal(np.stack(rest), np.stack(whole[2:]))


def test_a_recipe_names_the_steps_of_its_augmentation_in_order():
    settings = ["data.augment=true", "data.flip=true", "data.warp.rotation=6", "data.rand_augment=[2, 9]"]
    steps = augmentation(find_recipe("demo", settings), ["jump"]).steps
    assert [getattr(step, "spatial", False) for step in steps] == [True, False, False]  # the warp chooses the picture
    scaled = augmentation(find_recipe("demo", [*settings, "data.scale=[0.5, 1.0]"]), ["jump"])
    assert [hasattr(step, "box") for step in scaled.steps] == [True, False, False, False]
    assert augmentation(find_recipe("demo", ["data.augment=true", "data.flip=false"]), ["jump"]) is None
    for wrong in ("data.rand_augment=[2]", "data.rand_augment=[1.5, 9]", "data.warp.shift=-0.1"):
        with pytest.raises(ValueError, match=r"^`data\.(rand_augment|warp\.shift)` must be "):
            find_recipe("demo", [wrong])
