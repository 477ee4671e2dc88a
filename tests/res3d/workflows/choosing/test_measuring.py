"""Times of this machine are measured once for what they depend on; no test asks how long they are."""

import pytest

from pipelines.manifest import read_manifest
from res3d.choosing.facts import DataFacts, Spread
from res3d.training.recipe import Recipe
from res3d.workflows.choosing import measuring

FACTS = DataFacts(videos=16, held=8, classes=("a", "b"), groups=16, grouped_by="videos", seconds=Spread(1, 1, 1),
                  frames=Spread(12, 13, 14), fps=Spread(12, 12, 12), aspect=Spread(1, 1, 1))
RECIPE = {"model": {"name": "plain3d_5", "options": {"width": 0.25, "motion": "difference"}},
          "clip": {"frames": 8, "height": 32, "width": 32, "resize": 32, "sampling": "segments"},
          "data": {"batch_size": 2, "cache": "auto", "flip": False, "workers": 2}}


@pytest.mark.slow
def test_a_step_and_a_read_are_measured_once(motion, monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 0.0)
    steps = []
    inner = measuring.step_seconds
    monkeypatch.setattr(measuring, "step_seconds", lambda *args: steps.append(args) or inner(*args))
    measured = measuring.Measured(read_manifest(motion).select("train"), FACTS)
    recipe = Recipe.from_mapping(RECIPE)
    timing = measured(recipe)
    assert timing.step > 0
    assert timing.read > 0
    assert timing.start > timing.step
    assert measured(recipe) == timing
    # Another number of epochs is the same step.
    assert measured(Recipe.from_mapping({**RECIPE, "schedule": {"epochs": 3}})) == timing
    assert len(steps) == 1


def test_room_is_what_is_free_beside_the_frames_that_are_kept(monkeypatch):
    recipe = Recipe.from_mapping(RECIPE | {"data": {"batch_size": 8, "cache": "auto"}})
    monkeypatch.setattr(measuring, "accelerator", lambda: None)
    monkeypatch.setattr(measuring, "free_memory", lambda: 10**12)
    whole = measuring.room_for(recipe, 5)
    assert (whole.fits, whole.free) == (8, 0.75 * 10**12)
    monkeypatch.setattr(measuring, "free_memory", lambda: whole.needed)  # of which a quarter is for the frames
    assert measuring.room_for(recipe, 5).fits == 4
    assert measuring.room_for(Recipe.from_mapping(RECIPE | {"data": {"batch_size": 8}}), 5).fits == 8
    monkeypatch.setattr(measuring, "accelerator", lambda: "a card")
    assert measuring.room_for(recipe, 5) is None


def test_frames_are_kept_while_measuring_where_those_of_all_would_be(motion, monkeypatch):
    measured = measuring.Measured(read_manifest(motion).select("train"), FACTS)
    recipe = Recipe.from_mapping(RECIPE)
    size = 24 * 13 * 32 * 32 * 3
    monkeypatch.setattr(measuring, "free_memory", lambda: 5 * size)
    assert measured._cache(recipe) is not None
    monkeypatch.setattr(measuring, "free_memory", lambda: 3 * size)
    assert measured._cache(recipe) is None
    assert measured._cache(Recipe.from_mapping({**RECIPE, "data": {}})) is None


def test_half_precision_is_tried_where_the_processor_computes_so(monkeypatch):
    monkeypatch.setattr(measuring, "accelerator", lambda: None)
    monkeypatch.setattr(measuring, "_computes_in_half", lambda: True)
    assert measuring.this_machine().precisions == ("float32", "mixed_bfloat16")
    monkeypatch.setattr(measuring, "_computes_in_half", lambda: False)
    assert measuring.this_machine().precisions == ("float32",)
