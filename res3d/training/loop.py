"""The loop around `model.fit`: one call an epoch, and after each a row of history and a checkpoint to go on from."""

import contextlib
import dataclasses
import math
import time

import numpy as np
from absl import logging

from res3d.training import memory
from res3d.training.callbacks import Checkpoint, LossWatch, Progress, ResumeAt, ScalarLog, TrainingError
from res3d.training.checkpoint import load_meta, restore_state, save_state
from res3d.training.interrupt import Interrupt
from res3d.training.logs import EventLog
from res3d.training.losses import make_metrics
from res3d.training.optimizer import averaged_weights
from res3d.training.workfolder import save_model, write_history


@dataclasses.dataclass
class Counters:
    """Where a run stands; all of it is in the checkpoint."""

    epoch: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    rows: list = dataclasses.field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    finished: str | None = None


def fit(model, recipe, clips, validation, folder, steps_per_epoch, *, names=None, checkpoint_minutes=5.0,
        checkpoint_steps=None, chief=True, agree=bool):
    """Trains a compiled model as `recipe` says, going on from the checkpoint in `folder` if there is one.

    Args:
        model: a compiled `keras.Model`.
        recipe: `Recipe`.
        clips: function (epoch, step) -> the batches of that epoch from that step on, the same ones at every call.
        validation: batches, or None.
        folder: `WorkFolder`, claimed.
        steps_per_epoch: int. Batches in `clips(epoch, 0)`.
        names: function (epoch, step) -> names of the clips of a batch, for the message about a loss that is no number.
        checkpoint_minutes: float. Wall time between two checkpoints within an epoch.
        checkpoint_steps: int or None. Steps between them, instead.
        chief: bool. False in all processes of a run but one, which alone writes.
        agree: function bool -> bool, of several processes that have to stop at the same step.

    Returns:
        list of dicts, one an epoch: `epoch` from 1, loss, metrics, `val_` ones, `learning_rate`.

    Raises:
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once the step they came in is done and kept. Several processes,
            which could not agree on the step, end at once.
        TrainingError: a ValueError, if the loss is no number or a device is out of memory.
        ValueError: if what is to be monitored is not measured, or `folder` holds a run of other data.
    """
    measured = ["loss", *(metric.name for metric in make_metrics(recipe, model.output_shape[-1]))]
    measured += [f"val_{name}" for name in measured] if validation is not None else []
    monitored(recipe.stop.monitor, dict.fromkeys(measured))  # not after the first epoch
    run = _Run(model, recipe, folder, steps_per_epoch, chief)
    state = run.state
    if state.finished:
        logging.info("'%s' is finished (%s): nothing to do. --overwrite starts anew.", folder, state.finished)
        return state.rows
    deadline = None if recipe.stop.max_minutes is None else time.monotonic() + recipe.stop.max_minutes * 60
    progress = Progress(recipe.schedule.epochs, steps_per_epoch, recipe.data.batch_size,
                        state.epoch * steps_per_epoch + state.step)
    log = EventLog(folder.logs)
    resume = ResumeAt(run.restore if run.resumed else None)
    interrupt = Interrupt()
    try:
        while not state.finished:
            started, epoch, first_step = time.monotonic(), state.epoch, state.step
            batches = clips(epoch, first_step)
            if epoch == 0 and first_step == 0 and chief:
                _show_clips(log, batches, recipe.clip)
            watch = LossWatch(first_step)
            checkpoint = Checkpoint(lambda step, watch=watch: watch.look() and run.save_at(step), first_step,
                                    checkpoint_minutes, checkpoint_steps, deadline, agree, interrupt)
            scalars = [ScalarLog(log, epoch * steps_per_epoch + first_step)] if chief else []
            with memory.explained(model, recipe), interrupt if agree is bool else contextlib.nullcontext():
                history = model.fit(batches, initial_epoch=epoch, epochs=epoch + 1, verbose=0, shuffle=False,
                                    callbacks=[resume, watch, checkpoint, progress, *scalars]).history
            if watch.bad_step is not None:
                raise _no_number(watch.bad_step, epoch, names)
            why = interrupt.asked or f"stopped after {recipe.stop.max_minutes or 0:g} minutes"
            if checkpoint.out_of_time and checkpoint.step < steps_per_epoch:
                progress.say(f"{why} in epoch {epoch + 1}; the same command goes on from here")
                break
            row = {"epoch": epoch + 1, "loss": 0.0} | {name: float(values[-1]) for name, values in history.items()}
            row |= run.validate(validation)
            row["learning_rate"] = float(model.optimizer.learning_rate)
            clips_per_second = (steps_per_epoch - first_step) * recipe.data.batch_size / (time.monotonic() - started)
            run.end_epoch(row)
            if chief:
                timing = {"clips_per_second": clips_per_second}
                log.scalars({f"epoch/{k}": v for k, v in (row | timing).items() if k != "epoch"}, epoch + 1)
                progress.say(_line(row, recipe.schedule.epochs, clips_per_second))
            if checkpoint.out_of_time and not state.finished:
                progress.say(f"{why}; the same command goes on from here")
                break
    finally:
        progress.close()
        log.close()
    if interrupt.asked and not state.finished:
        raise KeyboardInterrupt
    return state.rows


class _Run:
    """The counters, what they mean, and the files they are kept in."""

    def __init__(self, model, recipe, folder, steps_per_epoch, chief):
        self.model, self.recipe, self.folder, self.chief = model, recipe, folder, chief
        self.resumed = folder.state_file.is_file()
        self.state = Counters(steps_per_epoch=steps_per_epoch)
        if self.resumed:
            self.state = Counters(**load_meta(folder.state_file))
            if self.state.steps_per_epoch != steps_per_epoch:
                raise ValueError(f"'{folder}' holds a run of {self.state.steps_per_epoch} batches an epoch, these data "
                                 f"make {steps_per_epoch}. Give it the data it began with, or another --workdir.")
            logging.info("going on from epoch %d, step %d of '%s'", self.state.epoch + 1, self.state.step, folder)

    def restore(self):
        """Gives all variables their kept values; a look at one clip first makes Keras create those of its metrics."""
        classes = self.model.output_shape[-1]
        label = np.zeros((1, classes) if self.recipe.loss.multi_label else (1,), "int32")
        self.model.test_on_batch(np.zeros((1, *self.recipe.clip.shape), "uint8"), label)
        restore_state(self.folder.state_file, self.model)
        if self.state.step == 0:  # what was kept at the end of an epoch is the validation's
            self.model.reset_metrics()

    def save_at(self, step):
        """Checkpoints after `step` batches of the epoch; the last batch's belongs to the end of the epoch."""
        self.state.step = step
        if self.chief and step < self.state.steps_per_epoch:
            save_state(self.folder.state_file, self.model, dataclasses.asdict(self.state))

    def validate(self, validation):
        if validation is None:
            return {}
        with averaged_weights(self.model):
            found = self.model.evaluate(validation, return_dict=True, verbose=0)
        return {f"val_{name}": float(value) for name, value in found.items()}

    def end_epoch(self, row):
        """Takes the row in and writes models, history and, last of all, the checkpoint that makes them count."""
        state, stop = self.state, self.recipe.stop
        state.rows.append(row)
        state.epoch, state.step = state.epoch + 1, 0
        monitor = monitored(stop.monitor, row)
        value = row[monitor]
        better = state.best is None or math.isnan(state.best) or (
            value < state.best if lower_is_better(monitor) else value > state.best)
        if better:
            state.best, state.best_epoch = value, state.epoch
        if state.epoch >= self.recipe.schedule.epochs:
            state.finished = f"{state.epoch} epochs"
        elif stop.patience is not None and state.epoch - state.best_epoch >= stop.patience:
            state.finished = f"no better {monitor} for {stop.patience} epochs"
        if not self.chief:
            return
        with averaged_weights(self.model):
            if better:
                save_model(self.model, self.folder.best)
            save_model(self.model, self.folder.last)
        write_history(self.folder.history_file, state.rows)
        save_state(self.folder.state_file, self.model, dataclasses.asdict(state))


def monitored(monitor, row):
    """The name of the column that decides what is best: as asked, or the first that is there.

    >>> monitored("auto", {"loss": 1.0, "val_loss": 2.0, "val_accuracy": 0.5})
    'val_accuracy'
    """
    choices = ("val_accuracy", "val_mean_average_precision", "accuracy", "mean_average_precision", "loss")
    if monitor == "auto":
        return next(name for name in choices if name in row)
    if monitor not in row:
        raise ValueError(f"`stop.monitor` must be auto or one of {', '.join(k for k in row if k != 'epoch')}. "
                         f"Received: stop.monitor={monitor!r}.")
    return monitor


def lower_is_better(monitor):
    """Losses fall, all other columns rise."""
    return monitor.endswith("loss")


def _no_number(step, epoch, names):
    said = ", ".join(map(str, names(epoch, step))) if names is not None else "unknown"
    return TrainingError(f"The loss must be a number, but was NaN or infinite at epoch {epoch + 1}, step {step + 1}. "
                         f"Clips of that batch: {said}. Lower optimizer.rate, set optimizer.clip_norm=1, or look at "
                         "these clips.")


def _show_clips(log, batches, clip):
    """The first clips as the network will see them; never worth a failed run."""
    for batch in batches:
        log.clips("input", [_numpy(item) for item in batch[0][:4]], 0, fps=(clip.fps or 25) / clip.stride)
        break


def _numpy(tensor):
    return tensor.numpy() if hasattr(tensor, "numpy") else tensor


def _line(row, epochs, clips_per_second):
    """One epoch in a line.

    >>> _line({"epoch": 1, "loss": 2.0, "learning_rate": 0.1}, 3, 40)
    'epoch 1/3  loss 2.0000  learning_rate 0.1  40.0 clips/s'
    """
    shown = [f"{name} {value:.3g}" if name == "learning_rate" else f"{name} {value:.4f}"
             for name, value in row.items() if name != "epoch"]
    return f"epoch {row['epoch']}/{epochs}  {'  '.join(shown)}  {clips_per_second:.1f} clips/s"
