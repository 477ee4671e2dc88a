"""What is held out follows from names, is noted, and is found again whatever files there are another day."""

import dataclasses
import itertools
import logging as levels
import shutil

import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.grouping.note import load_note, save_note
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.judging.videos import known, videos_to_judge
from res3d.workflows.training_data import split_videos

RECIPE = find_recipe("demo", ["data.validation_fraction=0.3"])


def data(classes=3, people=6, takes=2):
    entries = [Entry(f"/d/{label}/p{person}_{take}.avi", (label,)) for label in range(classes)
               for person in range(people) for take in range(takes)]
    return Manifest(entries, [f"class{label}" for label in range(classes)])


def paths(manifest):
    return [entry.path for entry in manifest]


def people(manifest):
    return {entry.path.split("/")[-1][:2] for entry in manifest}


def noted(split, tmp_path):
    save_note(tmp_path / "split.csv", split.note)
    return load_note(tmp_path / "split.csv")


@pytest.mark.parametrize("options", [{"group": r"(p\d)_"}, {"group": r"(p\d)_", "folds": 3, "fold": 2}])
def test_no_group_is_on_both_sides(options):
    split = split_videos(RECIPE, data(), **options)
    assert not people(split.training) & people(split.held_out)
    assert len(split.training) + len(split.held_out) == 36


def test_parts_of_one_video_are_on_one_side():
    entries = [Entry(f"{video}.avi", (video % 2,), start=float(part), end=part + 1.0)
               for video in range(8) for part in range(8)]
    split = split_videos(RECIPE, Manifest(entries, ["a", "b"]))
    assert not set(paths(split.training)) & set(paths(split.held_out))


def test_every_fold_holds_out_others_and_the_number_is_checked():
    held = [paths(split_videos(RECIPE, data(), folds=3, fold=fold).held_out) for fold in (1, 2, 3)]
    assert sorted(itertools.chain(*held)) == paths(data())
    with pytest.raises(ValueError, match=r"`--fold` must be 1 to 3, as there are --folds=3. Received: 4"):
        split_videos(RECIPE, data(), folds=3, fold=4)


def test_a_run_goes_on_with_its_videos_when_others_are_added(tmp_path, caplog):
    first = split_videos(RECIPE, data())
    note = noted(first, tmp_path)
    more = data()
    more = Manifest([Entry("/d/0/a_new.avi", (0,)), *more.entries[::-1]], more.labels)
    with caplog.at_level(levels.INFO):
        again = split_videos(RECIPE, more, note=note)
    assert paths(again.training) == paths(first.training)
    assert paths(again.held_out) == paths(first.held_out)
    assert "1 videos of" in caplog.text


def test_a_renamed_video_stops_the_run_that_goes_on(tmp_path):
    note = noted(split_videos(RECIPE, data()), tmp_path)
    renamed = data()
    renamed.entries[3] = dataclasses.replace(renamed.entries[3], path="/d/0/other.avi")
    with pytest.raises(ValueError, match=r"1 are gone, such as '/d/0/p1_1\.avi'\. Put them back under their names"):
        split_videos(RECIPE, renamed, note=note)


def test_what_was_trained_on_is_met_by_name_and_by_group(tmp_path):
    split = split_videos(RECIPE, data(), group=r"(p\d)_")
    note = noted(split, tmp_path)
    assert note.met(split.held_out, r"(p\d)_") == ([], [])
    person = min(people(split.training))
    others = Manifest([split.training.entries[0], Entry(f"/d/1/{person}_99.avi", (1,))], split.training.labels)
    assert note.met(others, r"(p\d)_") == ([split.training.entries[0].path], [f"/d/1/{person}_99.avi"])


def test_odd_names_survive_the_note(tmp_path):
    entries = [Entry(f"/d/{name}.avi", (0,)) for name in ('a,b "c"', "é\udcff", "line\nbreak", " x ")]
    split = split_videos(RECIPE, Manifest(entries, ["one"]))
    note = noted(split, tmp_path)
    assert sorted([*note.trained, *note.held]) == sorted(paths(entries))
    assert load_note(tmp_path / "none.csv") is None


def test_a_class_of_one_group_is_named(caplog):
    entries = [*data(2).entries, *(Entry(f"/d/2/p0_{take}.avi", (2,)) for take in range(3))]
    with caplog.at_level(levels.WARNING):
        split = split_videos(RECIPE, Manifest(entries, ["a", "b", "alone"]), group=r"(p\d)_")
    assert "of which nothing can be held out: alone" in caplog.text
    assert not any(entry.label == 2 for entry in split.held_out)


def test_one_group_for_all_says_what_to_do():
    with pytest.raises(ValueError, match=r"two groups or more.* data\.validation_fraction=0\."):
        split_videos(RECIPE, data(), group="/d/")


def test_runs_of_former_versions_keep_their_rule():
    old, new = (split_videos(RECIPE, data(), by_position=by) for by in (True, False))
    assert paths(old.held_out) != paths(new.held_out)
    assert len(old.held_out) == 12


def test_rows_of_one_path_keep_their_number(tmp_path):
    entries = [Entry(f"/d/{video}", (0,), num_frames=4, first_frame=4 * part)
               for video in range(4) for part in range(3)]
    first = split_videos(RECIPE, Manifest(entries, ["one"]))
    again = split_videos(RECIPE, Manifest(entries, ["one"]), note=noted(first, tmp_path))
    assert again.training.entries == first.training.entries
    assert again.held_out.entries == first.held_out.entries
    assert len(again.training) + len(again.held_out) == 12


@pytest.fixture
def run_on_fold_2(tmp_path, monkeypatch):
    """(work folder, function that puts other videos in the place of its data) of a run of three folds."""
    def found(manifest):
        monkeypatch.setattr("res3d.workflows.judging.videos.read_manifest", lambda *args, **options: manifest)

    options = {"group": r"(p\d)_", "folds": 3, "fold": 2}
    folder = WorkFolder(tmp_path / "run")
    folder.claim(RECIPE, data().labels, {"data": "/d", "lists": options})
    save_note(folder.split_file, split_videos(RECIPE, data(), **options).note)
    found(data())
    return folder, found


def judged(folder, **asked):
    return paths(videos_to_judge(folder, RECIPE, None, None, data().labels, asked))


def test_another_fold_of_a_run_is_that_fold_and_was_trained_on(run_on_fold_2, caplog):
    folder, found = run_on_fold_2
    held = {fold: paths(split_videos(RECIPE, data(), group=r"(p\d)_", folds=3, fold=fold).held_out)
            for fold in (1, 2, 3)}
    assert [judged(folder), judged(folder, fold=2), judged(folder, fold=1), judged(folder, fold=3)] == [
        held[2], held[2], held[1], held[3]]
    found(Manifest([*(Entry(f"/d/0/p{person}_new.avi", (0,)) for person in range(6)), *data().entries[::-1]],
                   data().labels))
    assert sorted(judged(folder, fold=1)) == sorted(held[1])
    fold = videos_to_judge(folder, RECIPE, None, None, data().labels, {"fold": 1})
    assert known(folder, fold, r"(p\d)_")["trained_on"] == len(held[1])
    with pytest.raises(ValueError, match=r"`--fold` must be 1 to 3, as there are --folds=3\. Received: 4"):
        judged(folder, fold=4)


def test_folds_of_which_videos_are_gone_are_told(run_on_fold_2, caplog):
    folder, found = run_on_fold_2
    found(Manifest(data().entries[1:], data().labels))
    assert judged(folder, fold=1)
    assert "1 of the 36 videos that the folds were made of are no longer in '/d'" in caplog.text


@pytest.mark.slow
def test_evaluate_says_what_was_trained_on(trained, tmp_path, console):
    copy = shutil.copytree(trained, tmp_path / "run")
    assert (copy / "split.csv").is_file()
    _, out, _ = console("evaluate", f"--workdir={copy}")
    assert "trained on" not in out
    _, out, _ = console("evaluate", f"--workdir={copy}", "--split=train")
    assert "16 of these videos were trained on" in out
