"""A recipe chosen for generated videos, with the machine's times given; and a run that goes on with its own."""

import csv

import pytest
import yaml

from res3d.choosing.facts import Machine, Timing
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.choosing import choose, looking, sights
from res3d.workflows.training_data import split_videos

pytestmark = pytest.mark.slow

QUICK = ("model.options.width=0.25", "clip.frames=8", "clip.height=32", "clip.width=32", "clip.resize=32",
         "data.workers=2", "schedule.epochs=1")


@pytest.fixture
def paced(monkeypatch):
    """A machine of which nothing is measured: every step takes half a second."""
    monkeypatch.setattr(choose, "this_machine", lambda: Machine(2))
    monkeypatch.setattr(choose, "Measured", lambda manifest, facts, workers: lambda recipe: Timing(0.5, 0.01))


def test_facts_are_those_of_the_videos(motion):
    split = split_videos(find_recipe("demo"), motion)
    facts = looking.look(split, linear=False)
    assert (facts.videos, facts.held, facts.grouped_by, facts.groups) == (16, 8, "videos", 16)
    assert facts.splits == ("train", "val")
    assert 12 <= facts.frames.low <= facts.frames.high <= 14
    assert facts.aspect.middle == 1
    assert "left" in facts.sided


def test_videos_none_of_which_can_be_read_are_one_error(tmp_path):
    for label in ("run", "jump"):
        for name in "ab":
            (tmp_path / label).mkdir(exist_ok=True)
            (tmp_path / label / f"{name}.avi").write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"Expected videos that can be read. Received \d+ of which none can"):
        looking.look(split_videos(find_recipe("demo"), tmp_path))


def test_linear_classifiers_know_which_sight_tells(motion, monkeypatch):
    monkeypatch.setattr(sights, "FEWEST", 8)
    manifest = split_videos(find_recipe("demo"), motion).whole
    told = sights.linear_accuracy(manifest, [entry.path[-5:] for entry in manifest], workers=2)
    assert set(told) == {"middle_frame", "frame_differences"}
    assert all(0 <= accuracy <= 1 for accuracy in told.values())


def test_a_choice_is_an_ordinary_recipe_that_says_why(motion, tmp_path, paced, console):
    code, out, _ = console("train", f"--data={motion}", f"--workdir={tmp_path / 'run'}",
                           *(f"--set={setting}" for setting in QUICK))
    assert code == 0
    assert "sampling     8 frames, one of each part of the whole video" in out
    assert "a mirror would change" in out
    folder = WorkFolder(tmp_path / "run")
    text = folder.recipe_file.read_text()
    assert text.startswith("# network ")
    assert folder.run["chosen"][0] in text
    recipe = folder.recipe
    assert (recipe.model.name, recipe.clip.sampling, recipe.data.flip) == ("plain3d_5", "segments", False)
    assert find_recipe(folder.recipe_file) == recipe
    # The same command: the run is finished, and nothing is chosen anew.
    code, out, _ = console("train", f"--data={motion}", f"--workdir={tmp_path / 'run'}",
                           *(f"--set={setting}" for setting in QUICK))
    assert code == 0
    assert folder.recipe_file.read_text() == text


def test_a_run_of_another_recipe_goes_on_with_that(trained, motion, paced):
    recipe, chosen = choose.recipe_for(motion, trained)
    assert recipe == WorkFolder(trained).recipe
    assert chosen == []
    assert choose.recipe_for(motion, trained, minutes=7)[0].stop.max_minutes == 7


def test_minutes_are_for_auto_alone(motion, tmp_path, console):
    code, _, err = console("train", "--recipe=demo", "--minutes=3", f"--data={motion}", f"--workdir={tmp_path}")
    assert code == 1
    assert "`--minutes` is what --recipe=auto chooses by. Received: --minutes=3 with --recipe=demo." in err


def test_several_processes_want_a_written_recipe(motion, tmp_path, console):
    code, _, err = console("train", "--process_count=2", f"--data={motion}", f"--workdir={tmp_path}")
    assert code == 1
    assert "`res3d bench choose`" in err


@pytest.mark.parametrize(("minutes", "said"), [
    (0, "`--minutes` must be a positive number. Received: 0."), (0.001, "One epoch must fit into --minutes=0.001")])
def test_minutes_that_are_no_use_are_one_error(minutes, said, motion, tmp_path, paced, console):
    code, _, err = console("train", f"--minutes={minutes}", f"--data={motion}", f"--workdir={tmp_path / 'run'}")
    assert code == 1
    assert said in err
    assert not (tmp_path / "run").exists()


def test_one_group_only_is_one_error(motion, tmp_path, paced):
    videos = sorted(motion.glob("train/*/*.avi"))
    with open(tmp_path / "all.csv", "w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "group"), *((v, v.parent.name, "me") for v in videos)])
    with pytest.raises(ValueError, match="Expected videos of two groups or more"):
        choose.choose_recipe(tmp_path / "all.csv")


def test_a_pattern_that_matches_nothing_is_one_error(motion, paced):
    with pytest.raises(ValueError, match="which matches none of"):
        choose.choose_recipe(motion, group="person(\\d+)")


def test_bench_choose_shows_the_candidates_and_writes_the_recipe(motion, tmp_path, paced, console):
    code, out, _ = console("bench", "choose", motion, f"--output={tmp_path / 'mine.yaml'}", "--minutes=30")
    assert code == 0
    rows = [line.split() for line in out.splitlines() if line.startswith("plain3d_5")]
    assert rows[0][1] == "8x60x60"
    assert sum("chosen" in row for row in rows) == 1
    assert "r3d_18" in out
    recipe = find_recipe(tmp_path / "mine.yaml")
    assert recipe.schedule.epochs > 40
    assert yaml.safe_load((tmp_path / "mine.yaml").read_text())["model"]["name"] == "plain3d_5"
