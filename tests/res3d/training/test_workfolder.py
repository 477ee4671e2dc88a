"""The work folder: written whole, read by everybody, and refused to another run."""

import keras
import numpy as np
import pytest

from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder, differences, read_history, save_model, write_history

RECIPE = find_recipe("demo")


def test_what_is_claimed_can_be_read(tmp_path):
    folder = WorkFolder(tmp_path / "deep" / "run")
    folder.claim(RECIPE, ["jump", "run"], {"seed": 3})
    assert folder.recipe == RECIPE
    assert folder.labels == ["jump", "run"]
    assert folder.clip == RECIPE.clip
    assert folder.run == {"seed": 3}
    assert folder.history == []


def test_the_same_run_may_come_again_with_more_time(tmp_path):
    folder = WorkFolder(tmp_path)
    folder.claim(RECIPE, ["a"], {})
    folder.claim(find_recipe("demo", ["stop.max_minutes=3", "data.workers=1"]), ["a"], {})
    assert folder.recipe.stop.max_minutes == 3


def test_another_recipe_is_refused_by_what_differs(tmp_path):
    folder = WorkFolder(tmp_path)
    folder.claim(RECIPE, ["a"], {})
    with pytest.raises(ValueError, match=r"another recipe. It differs in seed: 0 -> 5. Use another --workdir, or"):
        folder.claim(find_recipe("demo", ["seed=5"]), ["a"], {})


def test_other_labels_are_refused(tmp_path):
    folder = WorkFolder(tmp_path)
    folder.claim(RECIPE, ["a", "b"], {})
    with pytest.raises(ValueError, match=r"other labels: 2 \(a, b\). Received: 1 \(c\)"):
        folder.claim(RECIPE, ["c"], {})


def test_clearing_leaves_other_files_alone(tmp_path):
    folder = WorkFolder(tmp_path)
    folder.claim(RECIPE, ["a"], {})
    (tmp_path / "notes.txt").write_text("mine")
    folder.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_clearing_takes_nothing_from_a_folder_that_holds_no_run(tmp_path):
    (tmp_path / "labels.txt").write_text("mine")
    WorkFolder(tmp_path).clear()
    assert (tmp_path / "labels.txt").read_text() == "mine"


def test_a_second_run_waits_outside(tmp_path):
    words = r"Expected to be alone in '.*run'\. Another `res3d train` is at work there"
    with (WorkFolder(tmp_path / "run").alone(), pytest.raises(BlockingIOError, match=words),
          WorkFolder(tmp_path / "run").alone()):
        pass
    with WorkFolder(tmp_path / "run").alone():
        assert (tmp_path / "run").is_dir()


def test_an_empty_folder_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must hold labels\.txt"):
        WorkFolder(tmp_path).labels  # noqa: B018
    with pytest.raises(FileNotFoundError, match=r"must hold last\.keras"):
        WorkFolder(tmp_path).model_file  # noqa: B018


def test_history_keeps_every_digit(tmp_path):
    rows = [{"epoch": 1, "loss": 1 / 3}, {"epoch": 2, "loss": 0.1, "val_loss": 2 / 3}]
    write_history(tmp_path / "history.csv", rows)
    assert read_history(tmp_path / "history.csv") == rows


def test_a_saved_model_is_for_inference_and_whole(tmp_path):
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(inputs))
    model.compile("adam", "mse")
    save_model(model, tmp_path / "best.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["best.keras"]
    again = keras.saving.load_model(tmp_path / "best.keras")
    x = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(again(x), model(x))
    assert getattr(again, "optimizer", None) is None


def test_differences_name_places():
    assert differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}, "d": 4}) == ["b.c: 2 -> 3", "d: None -> 4"]
