"""What watches a run from inside `fit`: progress, a NaN, the clock, and the checkpoint in the middle of an epoch."""

import math
import sys
import time
from typing import Any

import keras


class TrainingError(ValueError):
    """A run that cannot go on for a reason its user can mend."""


class Begin(keras.callbacks.Callback):
    """Calls a function once, when the first epoch begins, after Keras's reset of its metrics and before any step."""

    def __init__(self, begin):
        super().__init__()
        self.begin = begin

    def on_epoch_begin(self, epoch, logs=None):
        if self.begin is not None:
            self.begin()
            self.begin = None


class FollowEpochs(keras.callbacks.Callback):
    """Gives each epoch of `fit` its own training clips, also where it does not begin at the first.

    That is after `keras.callbacks.BackupAndRestore`, or with `initial_epoch`: Keras then goes on with a later epoch, of
    which the clips, which count on their own, know nothing.

    Args:
        clips: what `pipelines.training_clips` gave, or anything whose `epoch` can be set.

        model.fit(train, epochs=30, callbacks=[keras.callbacks.BackupAndRestore("backup"), FollowEpochs(train)])
    """

    def __init__(self, clips: Any) -> None:
        super().__init__()
        self.clips = clips

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Sets the epoch of the clips, from 0."""
        self.clips.epoch = epoch


class LossWatch(keras.callbacks.Callback):
    """Stops at a loss that is no number.

    It looks at each batch when the next has been sent off, so that a GPU is never waited for.

    Args:
        first_step: int. Step of the epoch that this `fit` begins at.
    """

    def __init__(self, first_step=0):
        super().__init__()
        self.next_step = first_step
        self.waiting = None
        self.bad_step = None

    def on_train_batch_end(self, batch, logs=None):
        self.look()
        self.waiting = self.next_step, (logs or {}).get("loss")
        self.next_step += 1

    def on_epoch_end(self, epoch, logs=None):
        self.look()

    def look(self):
        """Looks at the last batch; True if every loss so far was a number."""
        if self.waiting is not None and self.bad_step is None:
            step, loss = self.waiting
            if loss is not None and not math.isfinite(float(loss)):
                self.bad_step = step
                self.model.stop_training = True
        return self.bad_step is None


class TimedCheckpoint(keras.callbacks.Callback):
    """Calls `save(step)` every so many minutes or steps, and asks `fit` to stop when the time is up.

    Args:
        save: function of the number of steps of this epoch that are done.
        first_step: int. Step of the epoch that this `fit` begins at.
        minutes: float. Between two checkpoints.
        steps: int or None. Between two checkpoints, instead of minutes.
        deadline: float or None. `time.monotonic()` at which to stop.
        agree: function bool -> bool. From whether the time is up here to whether it is for all processes of the run.
        interrupt: `Interrupt` or None. Who asks for a stop otherwise.
    """

    def __init__(self, save, first_step=0, minutes=5.0, steps=None, deadline=None, agree=bool, interrupt=None):
        super().__init__()
        self.save = save
        self.step = first_step
        self.seconds = minutes * 60
        self.steps = steps
        self.deadline = deadline
        self.agree = agree
        self.interrupt = interrupt
        self.saved_at = time.monotonic()
        self.out_of_time = False

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        now = time.monotonic()
        if self.interrupt is not None and self.interrupt.asked:
            self.out_of_time = self.model.stop_training = True
        if self.deadline is not None and self.agree(now >= self.deadline):
            self.out_of_time = True
            self.model.stop_training = True
        due = self.step % self.steps == 0 if self.steps else now - self.saved_at >= self.seconds
        if due or self.out_of_time:
            if keras.backend.backend() == "jax":
                self.model.jax_state_sync()
            self.save(self.step)
            self.saved_at = time.monotonic()


class Progress(keras.callbacks.Callback):
    """A bar over the whole run, in clips: rate, time left, loss. Silent where stderr is no terminal.

    Args:
        epochs: int.
        sizes: `EpochSizes`.
        epoch, step: ints. Where former runs ended.
    """

    def __init__(self, epochs, sizes, epoch=0, step=0):
        super().__init__()
        from tqdm import tqdm

        self.sizes, self.epoch, self.step = sizes, epoch, step
        self.shown_at = 0.0
        whole = [sizes.clips(number) for number in range(epochs)]
        done = sum(whole[:epoch]) + (sizes.clips(epoch) - sizes.clips(epoch, step) if step else 0)
        self.bar = tqdm(total=sum(whole), initial=done, unit="clip", disable=None, dynamic_ncols=True, file=sys.stderr,
                        smoothing=0.1)
        self.epochs = epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.step, self.epoch = self.step if epoch == self.epoch else 0, epoch
        self.bar.set_description(f"epoch {epoch + 1}/{self.epochs}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(self.sizes.batch(self.epoch, self.step))
        self.step += 1
        now = time.monotonic()
        if not self.bar.disable and logs and now - self.shown_at > 1:
            self.shown_at = now
            self.bar.set_postfix({name: f"{float(value):.3f}" for name, value in logs.items()}, refresh=False)

    def say(self, text):
        """Prints a line above the bar."""
        self.bar.write(text, file=sys.stderr)

    def close(self):
        self.bar.close()


class ScalarLog(keras.callbacks.Callback):
    """Loss, metrics and learning rate of a batch to TensorBoard, every `every` steps.

    Args:
        log: `EventLog`.
        first_step: int. Steps of the whole run done before this `fit`.
    """

    def __init__(self, log, first_step=0, every=20):
        super().__init__()
        self.log = log
        self.step = first_step
        self.every = every

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.step % self.every == 0:
            values = {f"batch/{name}": value for name, value in (logs or {}).items()}
            self.log.scalars(values | {"batch/learning_rate": self.model.optimizer.learning_rate}, self.step)
