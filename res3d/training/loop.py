"""The loop around `model.fit`: one call an epoch, and after each a row of history and a checkpoint to go on from."""

import contextlib
import time

from absl import logging

from res3d.training import memory
from res3d.training.callbacks import Begin, LossWatch, Progress, ScalarLog, TimedCheckpoint, TrainingError
from res3d.training.interrupt import Interrupt
from res3d.training.logs import EventLog
from res3d.training.losses import make_metrics
from res3d.training.run import Run, monitored
from res3d.training.symptoms.watch import count_answers

SEGMENTS_SHOWN = 4  # a second


def fit(model, recipe, clips, validation, folder, sizes, *, names=None, checkpoint_minutes=5.0,
        checkpoint_steps=None, chief=True, agree=bool, evaluate=None, watch=None, measures=(), full_clips=None):
    """Trains a compiled model as `recipe` says, going on from the checkpoint in `folder` if there is one.

    Args:
        model: a compiled `keras.Model`.
        recipe: `Recipe`.
        clips: function (epoch, step) -> the batches of that epoch from that step on, the same ones at every call.
        validation: batches, or None.
        folder: `WorkFolder`, claimed.
        sizes: `EpochSizes` of `clips(epoch, 0)`.
        names: function (epoch, step) -> names of the clips of a batch, for the message about a loss that is no number.
        checkpoint_minutes: float. Wall time between two checkpoints within an epoch.
        checkpoint_steps: int or None. Steps between them, instead.
        chief: bool. False in all processes of a run but one, which alone writes.
        agree: function bool -> bool, of several processes that have to stop at the same step.
        evaluate: function of the validation batches -> {name: figure}, or None for `model.evaluate`.
        watch: `Watch` that says when the run does not learn, or None.
        measures: names of the figures that `evaluate` gives besides those of `make_metrics`.
        full_clips: function as `clips` of the clips that statistics are measured of; None for `clips`.

    Returns:
        list of dicts, one an epoch: `epoch` from 1, loss, metrics, `val_` ones, `learning_rate`.

    Raises:
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once the step they came in is done and kept. Several processes,
            which could not agree on the step, end at once.
        TrainingError: a ValueError, if the loss is no number or a device is out of memory.
        ValueError: if what is to be monitored is not measured, or `folder` holds a run of other data.
    """
    measured = ["loss", *(metric.name for metric in make_metrics(recipe, model.output_shape[-1]))]
    measured += [f"val_{name}" for name in (*measured, *measures)] if validation is not None else []
    monitored(recipe.stop.monitor, dict.fromkeys(measured))  # not after the first epoch
    run = Run(model, recipe, folder, sizes, chief, evaluate)
    if run.state.finished:
        logging.info("'%s' is finished (%s): nothing to do. It goes on with --set %s, and --overwrite starts anew.",
                     folder, run.state.finished, "stop.patience=null" if run.state.finished.startswith("no better")
                     else "schedule.epochs=N for a larger N")
        return run.state.rows
    with contextlib.closing(_Loop(run, names, checkpoint_minutes, checkpoint_steps, agree, watch)) as loop:
        goes_on = True
        while goes_on and not run.state.finished:
            goes_on = loop.epoch(clips, validation, full_clips or clips)
    if loop.interrupt.asked and not run.state.finished:
        raise KeyboardInterrupt
    return run.state.rows


class _Loop:
    """What lasts over the epochs of one call of `fit`: the clock, the bar, the log, and who may ask for a stop."""

    def __init__(self, run, names, minutes, steps, agree, watch=None):
        self.run, self.names, self.minutes, self.steps, self.agree = run, names, minutes, steps, agree
        self.watch = watch if run.chief else None
        if self.watch is not None:
            self.watch.resume(run.state.rows)
        stop, state = run.recipe.stop, run.state
        self.deadline = None if stop.max_minutes is None else time.monotonic() + stop.max_minutes * 60
        self.progress = Progress(run.recipe.epochs, run.sizes, state.epoch, state.step)
        self.log = EventLog(run.folder.logs)
        self.begin = Begin(run.begin)
        self.interrupt = Interrupt()
        self.alone = agree is bool  # several processes hold a part of each batch, and cannot agree on a signal's step
        self.measures = bool(run.recipe.optimizer.precise_norm) and self.alone
        if run.recipe.optimizer.precise_norm and not self.alone and run.chief:
            self.progress.say("warning: optimizer.precise_norm is measured in a run of one process alone; this one "
                              "keeps the moving statistics of its batch norms")

    def close(self):
        self.progress.close()
        self.log.close()

    def epoch(self, clips, validation, full_clips):
        """Trains to the end of the epoch the run is in; False if it must stop, there or before."""
        run, state, started, first_step = self.run, self.run.state, time.monotonic(), self.run.state.step
        batches = clips(state.epoch, first_step)
        if state.epoch == 0 and first_step == 0 and run.chief:
            _show_clips(self.log, batches, run.recipe.clip)
        history, checkpoint = self._fit(batches)
        why = self.interrupt.asked or f"stopped after {run.recipe.stop.max_minutes or 0:g} minutes"
        if checkpoint.out_of_time and checkpoint.step < run.sizes.steps(state.epoch):
            self.progress.say(f"{why} in epoch {state.epoch + 1}; the same command goes on from here")
            return False
        if self.measures:
            run.measure(full_clips(state.epoch, 0))
        row = {"epoch": state.epoch + 1, "loss": 0.0}
        row |= {name: float(values[-1]) for name, values in history.items()} | run.validate(validation)
        row["learning_rate"] = float(run.model.optimizer.learning_rate)
        clips_per_second = run.sizes.clips(state.epoch, first_step) / (time.monotonic() - started)
        run.end_epoch(row)
        if run.chief:
            self._tell(row, clips_per_second)
            self._look(validation)
        if checkpoint.out_of_time and not state.finished:
            self.progress.say(f"{why}; the same command goes on from here")
            return False
        return True

    def _fit(self, batches):
        """Keras's history of the rest of the epoch, and the callback that knows where it ended."""
        run, epoch, first_step = self.run, self.run.state.epoch, self.run.state.step
        watch = LossWatch(first_step)
        checkpoint = TimedCheckpoint(lambda step: watch.look() and run.save_at(step), first_step, self.minutes,
                                     self.steps, self.deadline, self.agree, self.interrupt)
        callbacks = [self.begin, watch, checkpoint, self.progress]
        if self.watch is not None:
            self.watch.begin(epoch, first_step)
            callbacks.append(self.watch)
        if run.chief:
            callbacks.append(ScalarLog(self.log, run.sizes.before(epoch) + first_step))
        with memory.explained(run.model, run.recipe), self.interrupt if self.alone else contextlib.nullcontext():
            history = run.model.fit(batches, initial_epoch=epoch, epochs=epoch + 1, verbose=0, shuffle=False,
                                    callbacks=callbacks).history
        if watch.bad_step is not None:
            raise _no_number(watch.bad_step, epoch, self.names)
        return history, checkpoint

    def _tell(self, row, clips_per_second):
        """The row of an epoch to TensorBoard and to the terminal."""
        timing = {"clips_per_second": clips_per_second}
        points = {f"epoch/{name}": value for name, value in (row | timing).items() if name != "epoch"}
        self.log.scalars(points, row["epoch"])
        self.progress.say(_line(row, self.run.recipe.epochs, clips_per_second))

    def _look(self, validation):
        """Says what is wrong with the run, as far as it shows."""
        if self.watch is None:
            return
        model = self.run.model

        def answers():
            with self.run.as_kept():
                return count_answers(model, validation, model.output_shape[-1])

        counted = validation is not None and self.alone
        for line in self.watch.after_epoch(self.run.state.rows, answers if counted else None):
            self.progress.say(f"warning: {line}")


def _no_number(step, epoch, names):
    said = ", ".join(map(str, names(epoch, step))) if names is not None else "unknown"
    return TrainingError(f"The loss must be a number, but was NaN or infinite at epoch {epoch + 1}, step {step + 1}. "
                         f"Clips of that batch: {said}. Lower optimizer.rate, set optimizer.clip_norm=1, or look at "
                         "these clips.")


def _show_clips(log, batches, spec):
    """The first clips as the network will see them; never worth a failed run."""
    rate = SEGMENTS_SHOWN if spec.in_segments else (spec.fps or 25) / spec.stride
    for batch in batches:
        log.clips("input", [_numpy(item) for item in batch[0][:4]], 0, fps=rate)
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
