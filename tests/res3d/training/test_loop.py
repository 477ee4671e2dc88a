"""The loop: rows of history, models kept, early ends, and going on to the last digit after a stop anywhere."""

import itertools
import os
import pathlib
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from res3d import atomic
from res3d.training.callbacks import TrainingError
from res3d.training.checkpoint import load_meta, save_state
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.workfolder import WorkFolder, read_history
from tests.res3d.training import tiny_run as tiny

RICH = ("optimizer.ema=0.9", "optimizer.accumulate=2", "optimizer.clip_norm=1.0", "optimizer.name=sgd")


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it on the way."""


def after(steps):
    """What stops a run after so many steps, for `agree` of one that has a time to be up."""
    count = itertools.count(1)
    return lambda up: next(count) == steps


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """(folder, rows) of a run that nothing disturbed; do not write to it."""
    folder = tmp_path_factory.mktemp("plain")
    return folder, tiny.tiny_fit(folder, tiny.tiny_recipe())


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """The same with everything that a checkpoint has to keep."""
    folder = tmp_path_factory.mktemp("rich")
    return folder, tiny.tiny_fit(folder, tiny.tiny_recipe(*RICH))


def test_an_epoch_is_a_row_with_everything_in_it(plain):
    folder, rows = plain
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "top5", "val_accuracy", "val_loss", "val_top5",
                             "learning_rate"]
    assert read_history(folder / "history.csv") == rows
    assert rows[-1]["learning_rate"] == pytest.approx(0.0, abs=1e-9)


def test_the_folder_holds_whole_files_only(plain):
    folder, _ = plain
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["best.keras", "clip.json", "history.csv", "labels.txt", "last.keras", "logs", "recipe.yaml",
                     "run.json", "state.npz"]
    for name in ("best.keras", "last.keras"):
        assert keras.saving.load_model(folder / name).output_shape == (None, 3)


def test_a_finished_run_is_not_trained_again(plain):
    folder, rows = plain
    before = (folder / "state.npz").read_bytes()
    assert tiny.tiny_fit(folder, tiny.tiny_recipe()) == rows
    assert (folder / "state.npz").read_bytes() == before


@pytest.mark.slow
def test_a_finished_run_goes_on_where_it_is_given_more_epochs(tmp_path):
    """With a rate that does not depend on the end, as if it had been asked for them at once."""
    constant = "schedule.decay=constant"
    at_once = tiny.tiny_fit(tmp_path / "at_once", tiny.tiny_recipe(constant, "schedule.epochs=2"))
    folder, more = WorkFolder(tmp_path / "more"), tiny.tiny_recipe(constant, "schedule.epochs=2")
    first = tiny.tiny_fit(folder, tiny.tiny_recipe(constant, "schedule.epochs=1"))
    folder.claim(more, ["a", "b", "c"], {})
    assert tiny.tiny_fit(folder, more) == at_once
    assert at_once[:1] == first
    with pytest.raises(ValueError, match=r"another recipe. It differs in schedule.epochs: 2 -> 1"):
        folder.check(tiny.tiny_recipe(constant, "schedule.epochs=1"), ["a", "b", "c"])


@pytest.mark.slow
@pytest.mark.parametrize("at", [7, *(pytest.param(at, marks=pytest.mark.slow) for at in (0, 1, 4, 5, 14))])
def test_killed_anywhere_it_ends_with_the_same_numbers(rich, tmp_path, monkeypatch, at):
    def save_or_die(path, model, meta):
        if meta["epoch"] * tiny.STEPS + meta["step"] > at:
            raise Killed
        save_state(path, model, meta)

    recipe, (folder, undisturbed) = tiny.tiny_recipe(*RICH), rich
    with monkeypatch.context() as patch:
        patch.setattr("res3d.training.run.save_state", save_or_die)
        with pytest.raises(Killed):
            tiny.tiny_fit(tmp_path, recipe, checkpoint_steps=1)
    keras.backend.clear_session()
    assert tiny.tiny_fit(tmp_path, recipe) == undisturbed
    assert (folder / "history.csv").read_bytes() == (tmp_path / "history.csv").read_bytes()
    last = [keras.saving.load_model(path / "last.keras").get_weights() for path in (folder, tmp_path)]
    for mine, other in zip(*last):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.slow
def test_time_that_is_up_leaves_a_run_to_go_on_with(plain, tmp_path):
    assert tiny.tiny_fit(tmp_path, tiny.tiny_recipe("stop.max_minutes=1e-9")) == []
    assert (tmp_path / "state.npz").is_file()
    assert tiny.tiny_fit(tmp_path, tiny.tiny_recipe()) == plain[1]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupt_keeps_the_step_it_came_in(plain, tmp_path, capfd, number):
    def batches(epoch, step):
        def signalled(index):
            if index == 1 and signal.getsignal(number) not in before:  # the handler of the run, that is
                os.kill(os.getpid(), number)
            return index

        kept = tiny.tiny_batches(epoch, step)
        return kept.enumerate().map(lambda index, batch: (tf.numpy_function(signalled, [index], tf.int64), batch)
                                    ).map(lambda _, batch: batch) if not step else kept

    before = signal.signal(number, signal.default_int_handler), signal.default_int_handler
    try:
        with pytest.raises(KeyboardInterrupt):
            tiny.tiny_fit(tmp_path, tiny.tiny_recipe(), batches=batches)
    finally:
        signal.signal(number, before[0])
    assert f"{number.name}: stopping after this step; once more stops at once" in capfd.readouterr().err
    assert 0 < load_meta(tmp_path / "state.npz")["step"] < tiny.STEPS
    assert tiny.tiny_fit(tmp_path, tiny.tiny_recipe()) == plain[1]


@pytest.mark.slow
def test_it_ends_early_when_nothing_gets_better(tmp_path):
    recipe = tiny.tiny_recipe("schedule.epochs=9", "stop.patience=2", "optimizer.rate=1e-30")
    rows = tiny.tiny_fit(tmp_path, recipe)
    assert len(rows) == 3
    assert tiny.tiny_fit(tmp_path, recipe) == rows
    more = tiny.tiny_recipe("schedule.epochs=9", "stop.patience=3", "optimizer.rate=1e-30")
    WorkFolder(tmp_path).check(more, ["a", "b", "c"])
    assert tiny.tiny_fit(tmp_path, more)[:3] == rows


@pytest.mark.slow
@pytest.mark.parametrize(("values", "best"), [
    ((float("nan"), 3.0, 4.0), 2), pytest.param((3.0, float("nan"), 2.0), 3, marks=pytest.mark.slow)])
def test_a_monitor_that_is_no_number_is_no_best(tmp_path, monkeypatch, values, best):
    found = iter(values)
    monkeypatch.setattr("res3d.training.run.Run.validate", lambda run, validation: {"val_loss": next(found)})
    tiny.tiny_fit(tmp_path, tiny.tiny_recipe("stop.monitor=val_loss"))
    assert load_meta(tmp_path / "state.npz")["best_epoch"] == best


@pytest.mark.slow
def test_an_early_end_counts_the_epochs_before_a_stop(tmp_path):
    settings = ("schedule.epochs=9", "stop.patience=2", "optimizer.rate=1e-30")
    rows = tiny.tiny_fit(tmp_path, tiny.tiny_recipe(*settings, "stop.max_minutes=9"), agree=after(7))
    assert len(rows) == 1
    assert len(tiny.tiny_fit(tmp_path, tiny.tiny_recipe(*settings))) == 3


@pytest.mark.slow
def test_half_precision_goes_on_with_its_scale(tmp_path):
    """The scale of the loss, and when it grows, are kept like all else."""
    def scaled(recipe):
        optimizer = keras.optimizers.LossScaleOptimizer(tiny.make_optimizer(recipe, tiny.SIZES),
                                                        initial_scale=2.0 ** 30, dynamic_growth_steps=3)
        return tiny.tiny_model(recipe, optimizer)

    recipe = tiny.tiny_recipe(*RICH, "schedule.epochs=2", "stop.max_minutes=9")
    undisturbed = tiny.tiny_fit(tmp_path / "a", recipe, scaled(recipe))
    tiny.tiny_fit(tmp_path / "b", recipe, scaled(recipe), agree=after(7))
    assert load_meta(tmp_path / "b" / "state.npz")["step"] == 2
    assert tiny.tiny_fit(tmp_path / "b", recipe, scaled(recipe)) == undisturbed


@pytest.mark.slow
def test_the_rate_follows_the_step_of_the_run_through_a_stop(tmp_path):
    """Warm-up ends within an epoch and batches are accumulated: the rate counts batches, before a stop and after."""
    recipe = tiny.tiny_recipe("schedule.epochs=2", "schedule.warmup_epochs=1.4", "optimizer.accumulate=2",
                              "optimizer.rate=0.5", "stop.max_minutes=9")
    for steps, expected in ((0, 0.05), (6, 0.5 * (0.1 + 0.9 * 6 / 7)), (2, 0.25 * (1 + np.cos(np.pi / 3))), (9, 0.0)):
        model = tiny.tiny_model(recipe)
        if steps:
            tiny.tiny_fit(tmp_path, recipe, model, agree=after(steps))
        assert float(model.optimizer.learning_rate) == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_an_unknown_monitor_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`stop.monitor` must be auto or one of loss, accuracy"):
        tiny.tiny_fit(tmp_path, tiny.tiny_recipe("stop.monitor=val_acuracy"))


def test_a_loss_that_is_no_number_names_the_batch(tmp_path):
    class Poison(keras.losses.Loss):
        def __init__(self):
            super().__init__()
            self.seen = 0

        def call(self, y_true, y_pred):
            return keras.ops.mean(y_pred, axis=-1) / 0.0

    recipe = tiny.tiny_recipe()
    model = tiny.tiny_model(recipe)
    model.compile("sgd", Poison(), jit_compile=False)
    with pytest.raises(TrainingError, match=r"NaN or infinite at epoch 1, step 1. Clips of that batch: x.mp4, y.mp4"):
        tiny.tiny_fit(tmp_path, recipe, model, names=lambda epoch, step: ["x.mp4", "y.mp4"] if not step else [])
    assert not (tmp_path / "state.npz").exists()


@pytest.mark.slow
@pytest.mark.parametrize("at", [pytest.param(0, marks=pytest.mark.slow), 3])
def test_a_loss_that_is_no_number_is_never_kept(tmp_path, at):
    """The last checkpoint stands before it, so that going on can succeed once the cause is gone."""
    def batches(epoch, step):
        def spoil(index, batch):
            clips, labels = batch
            return clips, tf.one_hot(labels, 3) * tf.where((index == at) & (epoch == 0), float("nan"), 1.0)
        return tiny.tiny_batches(epoch, 0).enumerate().map(spoil).skip(step)

    recipe = tiny.tiny_recipe()
    with pytest.raises(TrainingError, match=f"NaN or infinite at epoch 1, step {at + 1}"):
        tiny.tiny_fit(tmp_path, recipe, batches=batches, checkpoint_steps=1)
    assert (tmp_path / "state.npz").is_file() == (at > 0)
    if at:
        assert load_meta(tmp_path / "state.npz")["step"] == at


@pytest.mark.slow
def test_processes_that_step_together_stop_together(tmp_path):
    asked = []

    def agree(up):
        asked.append(up)
        return len(asked) == 3

    tiny.tiny_fit(tmp_path, tiny.tiny_recipe("stop.max_minutes=1e-9"), agree=agree)
    assert asked == [True] * 3
    assert load_meta(tmp_path / "state.npz")["step"] == 3


@pytest.mark.slow
@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_leaves_the_former_checkpoint(plain, tmp_path):
    tiny.tiny_fit(tmp_path, tiny.tiny_recipe("stop.max_minutes=1e-9"))
    before = (tmp_path / "state.npz").read_bytes()
    aside = pathlib.Path(atomic.aside_name(tmp_path / "state.npz"))
    aside.symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"must be writable at .*Received: No space left on device. The former one is"):
        tiny.tiny_fit(tmp_path, tiny.tiny_recipe(), checkpoint_steps=1)
    assert (tmp_path / "state.npz").read_bytes() == before
    assert not aside.is_symlink()
    assert tiny.tiny_fit(tmp_path, tiny.tiny_recipe()) == plain[1]


@pytest.mark.slow
def test_other_data_is_refused(tmp_path):
    recipe = tiny.tiny_recipe("stop.max_minutes=1e-9")
    tiny.tiny_fit(tmp_path, recipe)
    folder = WorkFolder(tmp_path)
    with pytest.raises(ValueError, match="a run of 5 batches an epoch, these data make 7"):
        tiny.fit(tiny.tiny_model(recipe), recipe, tiny.tiny_batches, None, folder, EpochSizes.alike(7, batch_size=4))


@pytest.mark.slow
def test_another_model_is_refused(tmp_path):
    recipe = tiny.tiny_recipe("stop.max_minutes=1e-9")
    tiny.tiny_fit(tmp_path, recipe)
    inputs = keras.Input(recipe.clip.shape, dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(x))
    model.compile("sgd", tiny.make_loss(recipe), metrics=tiny.make_metrics(recipe, 3), jit_compile=False)
    with pytest.raises(ValueError, match="belongs to another model: it holds"):
        tiny.tiny_fit(tmp_path, tiny.tiny_recipe(), model)


def test_a_file_that_is_no_state_is_refused(tmp_path):
    recipe = tiny.tiny_recipe()
    WorkFolder(tmp_path).claim(recipe, ["a", "b", "c"], {})
    (tmp_path / "state.npz").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="must be a file that `res3d train` wrote"):
        tiny.tiny_fit(tmp_path, recipe)


@pytest.mark.slow
def test_only_the_chief_writes(tmp_path):
    recipe = tiny.tiny_recipe("schedule.epochs=1")
    WorkFolder(tmp_path).claim(recipe, ["a", "b", "c"], {})
    before = sorted(tmp_path.iterdir())
    assert len(tiny.tiny_fit(tmp_path, recipe, chief=False)) == 1
    assert sorted(tmp_path.iterdir()) == before
