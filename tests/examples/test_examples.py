"""Every example runs: at a tiny size in the slow tests, in full and against its baseline by `make examples`."""

import pathlib

import pytest

from examples import run_all

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples"
TINY = {  # flags that make an example take seconds
    "degradation": ["--depths", "10", "16", "--steps=2", "--deepest=22", "--deep_steps=2"],
    "detection_pyramid": ["--train=16", "--test=4", "--epochs=1"],
    "finetune_checkpoint": ["--source=16", "--source_epochs=1", "--train=16", "--test=12", "--epochs=1"],
    "keyword_spectrograms": ["--train=48", "--test=24", "--epochs=1"],
    "multi_label_images": ["--train=64", "--test=600", "--epochs=1"],
    "own_videos": ["--train=2", "--test=1", "--epochs=1"],
    "spans": ["--videos=2", "--seconds=8", "--epochs=1"],
    "text_characters": ["--train=128", "--test=32", "--epochs=1"],
    "volume_segmentation": ["--train=4", "--test=2", "--epochs=1"],
}


def check(name, folder, flags=()):
    """Runs an example; returns its result line, after looking at its picture."""
    found = run_all.run(name, folder, flags)
    assert found, (folder / f"{name}.log").read_text(encoding="utf-8")[-3000:]
    assert found["name"] == name
    assert (folder / f"{name}.png").stat().st_size > 10_000
    return found


def test_every_example_is_listed():
    assert {path.stem for path in FOLDER.glob("*.py")} == {*run_all.EXAMPLES, "run_all"} == {*TINY, "run_all"}


def test_the_results_that_the_page_quotes_beat_their_baselines():
    found = [*run_all.RESULT.finditer((FOLDER / "results.txt").read_text(encoding="utf-8"))]
    assert {result["name"] for result in found} == set(run_all.EXAMPLES)
    assert all(float(result["value"]) > float(result["reference"]) for result in found)


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_example_runs_at_a_tiny_size(name, tmp_path):
    check(name, tmp_path, TINY[name])


@pytest.mark.full_examples
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", run_all.EXAMPLES)
def test_example_beats_its_baseline(name, tmp_path):
    found = check(name, tmp_path)
    assert float(found["value"]) > float(found["reference"]), found[0]
