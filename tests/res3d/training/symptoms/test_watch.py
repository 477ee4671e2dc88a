"""The watch over a whole run: what it says, once, and that it is silent over a run that learns."""

import re
import types

import numpy as np
import pytest

from res3d.training.epoch_sizes import EpochSizes
from res3d.training.recipe import find_recipe
from res3d.training.symptoms import advice
from res3d.training.symptoms.signs import guess_of
from res3d.training.symptoms.watch import Watch, count_answers
from tests.res3d.training import tiny_run as tiny

LABELS = ["a", "b", "c"]


def watch(*settings, trained=(7, 7, 6), held=(14, 13, 13), steps=10):
    recipe = find_recipe("demo", ["schedule.epochs=100", *settings])
    return Watch(recipe, trained, held, LABELS, EpochSizes.alike(steps, 4))


def history(losses, accuracies=(), held=()):
    rows = [{"epoch": i + 1, "loss": loss} for i, loss in enumerate(losses)]
    for row, accuracy, own in zip(rows, accuracies, held):
        row.update(accuracy=accuracy, val_accuracy=own)
    return rows


def said(over, rows, answers=None):
    return [line for end in range(1, len(rows) + 1) for line in over.after_epoch(rows[:end], answers)]


def test_a_run_that_does_not_learn_is_told_once_with_causes_and_flags():
    lines = said(watch(steps=10), history([1.1] * 60))
    assert len(lines) == 1
    assert lines[0].startswith("does not learn: after 510 steps the loss is 1.100, and guessing has 1.09")
    assert "Likely, in this order: " in lines[0]
    assert "--set optimizer.rate=" in lines[0]
    assert "\n" not in lines[0]


def test_a_warm_up_is_waited_for_however_its_length_is_given():
    for settings in (["schedule.warmup_epochs=20"], ["schedule.warmup_epochs=0", "schedule.warmup_share=0.2"]):
        line, = said(watch(*settings), history([1.1] * 100))
        assert line.startswith("does not learn: after 700 steps")  # 500, and 200 of the warm-up


def test_no_second_warm_up_is_advised_beside_a_share():
    rising = history([1.1, 0.9, 0.5, 7.0, 9.0, 9.0])
    none, = said(watch("schedule.warmup_epochs=0"), rising)
    assert "--set schedule.warmup_epochs=2" in none
    share, = said(watch("schedule.warmup_epochs=0", "schedule.warmup_share=0.1"), rising)
    assert "warmup" not in share


def test_a_frozen_run_and_a_mixed_one_have_causes_of_their_own():
    line, = said(watch("start.freeze=stage3", "data.mixup=0.4", "clip.sampling=segments"), history([1.1] * 60))
    assert "--set start.freeze=null" in line
    assert "--set data.mixup=0" in line
    assert "clip.sampling" not in line


def test_a_run_that_diverges_is_told_as_such_only():
    lines = said(watch(steps=10), history([1.1, 0.9, 0.5, 7.0, 9.0, 9.0, *[9.0] * 60]))
    assert len(lines) == 1
    assert lines[0].startswith("diverges: the loss was 0.500 and is 9.000 after 50 steps")


def test_a_run_that_remembers_is_told():
    rows = history(np.geomspace(1.1, 0.01, 10), [0.9] * 10, [0.3] * 10)
    line, = said(watch(), rows, lambda: np.array([14, 13, 13]))
    assert line.startswith("remembers and does not understand: accuracy 0.90 on what it trains on, 0.30 on what is ")
    assert "0.35" in line


def test_a_class_that_swallows_the_others_is_named():
    rows = history(np.linspace(1.09, 0.9, 6), [0.5] * 6, [0.33] * 6)
    line, = said(watch(trained=(60, 5, 5)), rows, lambda: np.array([39, 1, 0]))
    assert line.startswith("one class swallows the others: 'a' is 98 % of the answers and 35 % of the held-out videos")
    assert "--set data.balanced=true" in line
    even, = said(watch(), rows, lambda: np.array([39, 1, 0]))
    assert "balanced" not in even


def test_answers_are_not_asked_for_where_the_accuracy_says_enough():
    rows = history(np.geomspace(1.09, 0.2, 12), np.linspace(0.4, 0.9, 12), np.linspace(0.6, 0.9, 12))
    assert said(watch(), rows, lambda: pytest.fail("not needed")) == []


def test_every_flag_of_the_advice_is_a_field_of_recipes():
    recipe = find_recipe("demo", ["start.freeze=stage3", "data.mixup=0.4", "data.augment=false", "data.flip=false",
                                  "schedule.warmup_epochs=0", "optimizer.clip_norm=null", "precision=mixed_float16"])
    row = {"accuracy": 0.9, "val_accuracy": 0.1}
    lines = [advice.no_learning(recipe, 1.0, guess_of([0.5, 0.5]), 300), advice.diverging(recipe, [(10, 1.0)]),
             advice.remembering(recipe, row, 0.1), advice.swallowing(recipe, "a", 0.9, 0.3, 10.0)]
    fields = [field for line in lines for field in re.findall(r"--set ([^ ,)]+)", line)]
    assert len(fields) >= 10
    for field in fields:
        assert find_recipe("demo", [field]) is not None


def test_a_run_that_goes_on_does_not_say_it_again():
    rows, again = history([1.1] * 60), watch()
    again.resume(rows[:55])
    assert said(again, rows[55:]) == []
    before = watch()
    before.resume(rows[:20])
    assert len([line for end in range(21, 61) for line in before.after_epoch(rows[:end])]) == 1


def test_long_epochs_are_looked_at_in_stretches():
    over = watch(steps=200)
    over.begin(1, 0)
    losses = np.repeat([3.0, 2.0, 1.0, 0.5], 50)
    means = np.cumsum(losses) / np.arange(1, 201)
    for batch, mean in enumerate(means):
        over.on_train_batch_end(batch, {"loss": mean})
    assert [step for step, _ in over.points] == [250, 300, 350, 400]
    np.testing.assert_allclose([loss for _, loss in over.points], [3, 2, 1, 0.5])


def test_a_stretch_that_began_before_a_stop_makes_no_point():
    over = watch(steps=200)
    over.begin(0, 120)
    for batch in range(80):
        over.on_train_batch_end(batch, {"loss": 1.0})
    assert over.points == [(200, 1.0)]


def test_answers_are_counted_over_as_many_batches_as_it_takes():
    model = types.SimpleNamespace(predict_on_batch=lambda clips: np.eye(3)[clips])
    batches = [(np.array([0, 1, 1]), None), (np.array([2, 2, 2]), None), (np.array([0, 0, 0]), None)]
    assert count_answers(model, iter(batches), 3, most=4).tolist() == [1, 2, 3]


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "words"), [("1e-9", "warning: does not learn: after 25 steps"), ("0.05", None)])
def test_from_end_to_end(tmp_path, capsys, monkeypatch, rate, words):
    """Three classes of brightness: nothing is learned without a rate, and they are with one."""
    levels = np.arange(tiny.CLIPS) % tiny.CLASSES
    clips = np.broadcast_to(40 + 80 * levels[:, None, None, None, None], (tiny.CLIPS, 2, 8, 8, 3)).astype("uint8")
    monkeypatch.setattr(tiny, "tiny_clips", lambda *_: (clips, levels.astype("int32")))
    monkeypatch.setattr("res3d.training.symptoms.signs.FEWEST", 25)
    recipe = tiny.tiny_recipe("schedule.epochs=6", f"optimizer.rate={rate}", "loss.label_smoothing=0")
    tiny.tiny_fit(tmp_path / "run", recipe, watch=Watch(recipe, [7, 7, 6], [3, 3, 2], LABELS, tiny.SIZES))
    err = capsys.readouterr().err
    assert (words in err) if words else ("warning" not in err)
