"""A run between its epochs: the counters of where it stands, what they mean, and the files that keep them."""

import contextlib
import dataclasses
import math

import numpy as np
from absl import logging

from res3d.training.checkpoint import load_meta, restore_state, save_state
from res3d.training.kept.averages import averaged_weights
from res3d.training.kept.norms import Learning, batch_statistics, statistics_in
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


class Run:
    """What goes on over all calls of `fit` on one folder.

    Args:
        model: a compiled `keras.Model`.
        recipe: `Recipe`.
        folder: `WorkFolder`; what it keeps of a run is gone on with.
        sizes: `EpochSizes`.
        chief: bool. Whether this process writes.
        evaluate: function of batches -> {name: figure}, or None for `model.evaluate`.

    Raises:
        ValueError: if the folder holds a run of another number of batches.
    """

    def __init__(self, model, recipe, folder, sizes, chief, evaluate=None):
        self.model, self.recipe, self.folder, self.chief = model, recipe, folder, chief
        self.evaluate = evaluate or (lambda batches: model.evaluate(batches, return_dict=True, verbose=0))
        self.learning, self.statistics = Learning(model), []
        self.resumed = folder.state_file.is_file()
        self.sizes, steps_per_epoch = sizes, sizes.steps(0)
        self.state = Counters(steps_per_epoch=steps_per_epoch)
        if self.resumed:
            self.state = Counters(**load_meta(folder.state_file))
            if self.state.steps_per_epoch != steps_per_epoch:
                raise ValueError(f"'{folder}' holds a run of {self.state.steps_per_epoch} batches an epoch, these data "
                                 f"make {steps_per_epoch}. Give it the data it began with, or another --workdir.")
            self.state.finished = self._finished()  # by what is asked now, which may be more epochs
            logging.info("going on from epoch %d, step %d of '%s'", self.state.epoch + 1, self.state.step, folder)

    def begin(self):
        """Has Keras create the variables of its metrics and of the optimizer, and gives all the values that were kept.

        Left to the first step, TensorFlow would trace that twice: once to create them, and once without.
        """
        model = self.model
        if not model.optimizer.built:
            *steps, classes = model.output_shape[1:]
            label = np.zeros((1, *steps, classes) if steps or self.recipe.loss.multi_label else (1,), "int32")
            model.compute_metrics(None, label, np.zeros((1, *steps, classes), "float32"))
            model.reset_metrics()
            model.optimizer.build(model.trainable_variables)
        if self.resumed:
            restore_state(self.folder.state_file, model)
            if self.state.step == 0:  # what was kept at the end of an epoch is the validation's
                model.reset_metrics()

    def save_at(self, step):
        """Checkpoints after `step` batches of the epoch; the last batch's belongs to the end of the epoch."""
        self.state.step = step
        if self.chief and step < self.sizes.steps(self.state.epoch):
            save_state(self.folder.state_file, self.model, dataclasses.asdict(self.state))

    def measure(self, batches):
        """Takes the statistics of batch norm from training `batches`, if the recipe asks for it."""
        with averaged_weights(self.model):
            self.statistics = batch_statistics(self.learning, batches, self.recipe.optimizer.precise_norm)

    @contextlib.contextmanager
    def as_kept(self):
        """With it, the model is the one that is validated and kept: averaged weights, and statistics of these."""
        with averaged_weights(self.model), statistics_in(self.statistics):
            yield

    def validate(self, validation):
        """The figures of the validation batches by the model that is kept, as columns of a row."""
        if validation is None:
            return {}
        with self.as_kept():
            found = self.evaluate(validation)
        return {f"val_{name}": float(value) for name, value in found.items()}

    def end_epoch(self, row):
        """Takes the row in and writes models, history and, last of all, the checkpoint that makes them count."""
        state = self.state
        state.rows.append(row)
        state.epoch, state.step = state.epoch + 1, 0
        monitor = monitored(self.recipe.stop.monitor, row)
        value = row[monitor]
        better = state.best is None or math.isnan(state.best) or (
            value < state.best if lower_is_better(monitor) else value > state.best)
        if better:
            state.best, state.best_epoch = value, state.epoch
        state.finished = self._finished()
        if not self.chief:
            return
        with self.as_kept():
            if better:
                save_model(self.model, self.folder.best)
            save_model(self.model, self.folder.last)
        write_history(self.folder.history_file, state.rows)
        save_state(self.folder.state_file, self.model, dataclasses.asdict(state))

    def _finished(self):
        """Why the run is at its end; None where it goes on."""
        state, stop = self.state, self.recipe.stop
        if state.epoch >= self.recipe.epochs:
            return f"{state.epoch} epochs"
        if state.rows and stop.patience is not None and state.epoch - state.best_epoch >= stop.patience:
            return f"no better {monitored(stop.monitor, state.rows[-1])} for {stop.patience} epochs"
        return None


def monitored(monitor, row):
    """The name of the column that decides what is best: as asked, or the first that is there.

    >>> monitored("auto", {"loss": 1.0, "val_loss": 2.0, "val_accuracy": 0.5})
    'val_accuracy'
    """
    choices = ("val_map", "val_accuracy", "val_mean_average_precision", "accuracy", "mean_average_precision", "loss")
    if monitor == "auto":
        return next(name for name in choices if name in row)
    if monitor not in row:
        raise ValueError(f"`stop.monitor` must be auto or one of {', '.join(k for k in row if k != 'epoch')}. "
                         f"Received: stop.monitor={monitor!r}.")
    return monitor


def lower_is_better(monitor):
    """Losses fall, all other columns rise."""
    return monitor.endswith("loss")
