"""Baselines on generated motions: where a frame says nothing, and where it says all."""

import numpy as np
import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.manifest import read_manifest
from pipelines.video import write_video
from res3d.workflows.judging import baselines


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    """Two classes, bright and dark, four groups of two videos; nothing moves."""
    folder, entries = tmp_path_factory.mktemp("colors"), []
    for group in range(4):
        for label, level in enumerate((60, 180)):
            path = str(folder / f"{group}_{label}.avi")
            write_video(path, np.full((26, 48, 64, 3), level + 5 * group, "uint8"))
            entries.append(Entry(path, (label,), group=f"g{group}"))
    return Manifest(entries, ["dark", "bright"])


def sides(manifest):
    """The first half trained on, the second evaluated."""
    half = len(manifest) // 2
    parts = [Manifest(part, manifest.labels) for part in (manifest.entries[:half], manifest.entries[half:])]
    return parts, [[entry.group for entry in part] for part in parts]


def test_where_brightness_is_the_class_one_frame_is_enough_and_differences_are_not(colors):
    (training, held), (fitted, names) = sides(colors)
    found = baselines.baseline_figures(training, held, names, fitted, workers=1)
    assert found["chance"]["top1"] == 0.5
    assert found["largest_class"] == {"top1": 0.5, "label": "dark", "mean_class_accuracy": 0.5}
    assert found["middle_frame"]["top1"] == 1
    assert found["middle_frame"]["top1_interval"] == [1, 1]
    assert found["frame_differences"]["top1"] == 0.5
    assert (found["middle_frame"]["videos"], found["middle_frame"]["training_videos"]) == (4, 4)


def test_directions_show_in_differences(motion):
    training, held = (read_manifest(motion, split=split) for split in ("train", "val"))
    found = baselines.baseline_figures(training, held, [*range(8)], [*range(16)], workers=2)
    assert found["chance"] == {"top1": 1 / 8, "top5": 5 / 8, "mean_class_accuracy": 1 / 8}
    assert set(found) == {"chance", "largest_class", "middle_frame", "frame_differences"}


def test_nothing_to_train_on_leaves_the_guesses(colors):
    found = baselines.baseline_figures(Manifest([], colors.labels), colors, ["a"] * 8, [])
    assert set(found) == {"chance", "largest_class"}


def test_a_thinned_side_keeps_every_class(colors, monkeypatch):
    monkeypatch.setattr(baselines, "MOST", 4)
    kept, groups = baselines.thinned(colors, [entry.group for entry in colors])
    assert [len(kept), len(groups)] == [4, 4]
    assert {entry.label for entry in kept} == {0, 1}
    assert groups == [entry.group for entry in kept]


def test_of_several_labels_chance_is_the_mean_share():
    manifest = Manifest([Entry("a", (0, 1)), Entry("b", (1,)), Entry("c", ()), Entry("d", (1,))], ["x", "y", "z"])
    assert baselines.guesses(manifest, manifest) == {"chance": {"mean_average_precision": (1 / 4 + 3 / 4) / 2}}
