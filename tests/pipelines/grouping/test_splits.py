"""Splits share no group, keep classes on both sides, and move little when data are added."""

import dataclasses
import itertools

import numpy as np
import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.grouping import folds, groups_of, hold_out


def data(people=10, classes=4, takes=3, leave_out=()):
    entries = [Entry(f"/d/{label}/{person}_{take}.avi", (label,), group=f"person{person:02d}")
               for label, person, take in itertools.product(range(classes), range(people), range(takes))
               if (label, person) not in leave_out]
    return Manifest(entries, [f"class{label}" for label in range(classes)])


def sides(manifest, division):
    groups = groups_of(manifest).names
    return ({groups[i] for i in division.train}, {groups[i] for i in division.held},
            {label for i in division.train for label in manifest.entries[i].labels},
            {label for i in division.held for label in manifest.entries[i].labels})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_no_group_is_on_both_sides_and_every_class_is(seed, fraction):
    manifest = data(leave_out={(0, person) for person in range(8)})  # a class that two people alone show
    division = hold_out(manifest, groups_of(manifest), fraction, seed)
    train, held, trained, tested = sides(manifest, division)
    assert not train & held
    assert trained == tested == set(range(4))
    assert sorted(division.train + division.held) == list(range(len(manifest)))
    assert abs(len(division.held) / len(manifest) - fraction) < 0.12
    assert division.only_trained == ()


def test_a_class_of_one_group_is_named_and_trained_on():
    manifest = data(leave_out={(0, person) for person in range(1, 10)})
    division = hold_out(manifest, groups_of(manifest), 0.3)
    assert division.only_trained == ("class0",)
    assert 0 not in sides(manifest, division)[3]


def test_what_is_added_moves_no_other_group():
    manifest = data()
    before = hold_out(manifest, groups_of(manifest), 0.3, seed=4)
    held = {manifest.entries[i].path for i in before.held}
    more = Manifest([*manifest.entries, *(Entry(f"/d/{label}/new.avi", (label,), group="new") for label in range(4))],
                    manifest.labels)
    after = hold_out(more, groups_of(more), 0.3, seed=4)
    assert not {more.entries[i].path for i in after.train} & held


def test_moved_data_are_split_alike():
    manifest = data()
    moved = Manifest([dataclasses.replace(entry, path=entry.path.replace("/d/", "/elsewhere/d/"), group=None)
                      for entry in manifest], manifest.labels)
    here = Manifest([dataclasses.replace(entry, group=None) for entry in manifest], manifest.labels)
    assert hold_out(here, groups_of(here), 0.3).held == hold_out(moved, groups_of(moved), 0.3).held


def test_another_seed_holds_out_others():
    manifest = data()
    assert len({hold_out(manifest, groups_of(manifest), 0.3, seed).held for seed in range(6)}) > 1


def test_several_labels_a_video():
    labels = np.random.default_rng(0).random((60, 5)) < (0.5, 0.4, 0.3, 0.1, 0.05)
    entries = [Entry(f"{i}.avi", tuple(np.flatnonzero(row).tolist()), group=f"g{i // 2}")
               for i, row in enumerate(labels)]
    manifest = Manifest(entries, list("abcde"), multi_label=True)
    groups = groups_of(manifest)
    division = hold_out(manifest, groups, 0.3)
    train, held, trained, tested = sides(manifest, division)
    assert not train & held
    expected = {label for label in range(5) if len({groups.names[i] for i in np.flatnonzero(labels[:, label])}) > 1}
    assert trained >= expected and tested >= expected  # noqa: PT018
    shares = labels[list(division.held)].sum(axis=0)[:3] / labels.sum(axis=0)[:3]
    assert np.all(np.abs(shares - 0.3) < 0.15)


@pytest.mark.parametrize("count", [2, 5, None])
def test_folds_hold_each_group_out_once(count):
    manifest = data()
    found = folds(manifest, groups_of(manifest), count)
    assert len(found) == (count or 10)
    assert sorted(i for division in found for i in division.held) == list(range(len(manifest)))
    for division in found:
        train, held, trained, tested = sides(manifest, division)
        assert not train & held
        assert trained == tested == set(range(4))
        assert len(division.held) == len(manifest) // len(found)


def test_folds_name_the_classes_that_one_side_lacks():
    manifest = data(leave_out={(0, person) for person in range(1, 10)})
    assert all(division.only_trained == ("class0",) for division in folds(manifest, groups_of(manifest), 5))


@pytest.mark.parametrize(("call", "said"), [
    (lambda m, g: hold_out(m, g, 1.0), r"from 0 to below 1\. Received: 1\.0"),
    (lambda m, g: folds(m, g, 1), r"from 2 folds to one a group: there are 10 groups, told by column\. Received: 1\."),
    (lambda m, g: folds(m, g, 11), r"Received: 11\."),
])
def test_splits_that_cannot_be(call, said):
    manifest = data()
    with pytest.raises(ValueError, match=said):
        call(manifest, groups_of(manifest))


def test_one_group_cannot_be_divided():
    manifest = data(people=1)
    with pytest.raises(ValueError, match=r"Expected videos of two groups or more, .* Received one: 'person00'\."):
        hold_out(manifest, groups_of(manifest), 0.3)
    assert hold_out(manifest, groups_of(manifest), 0.0).held == ()


def test_sides_are_manifests_to_make_clips_of():
    manifest = data()
    division = hold_out(manifest, groups_of(manifest), 0.3)
    train, held = division.sides(manifest)
    assert [entry.path for entry in train] == [manifest.entries[place].path for place in division.train]
    assert sorted(map(repr, [*train, *held])) == sorted(map(repr, manifest))
    assert train.labels == held.labels == manifest.labels
