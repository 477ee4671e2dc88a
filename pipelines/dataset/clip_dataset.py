"""A `tf.data.Dataset` that knows its labels, and that goes on to the next epoch each time it is read to the end."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf


class ClipDataset(tf.data.Dataset):
    """A dataset with what is known of it as attributes; methods that return a dataset hand them on.

    Attributes:
        labels: list of label names; a label id is a position in it.
        num_classes: int. How many labels there are.
        manifest: `Manifest`. The videos.
        clip: `ClipSpec`.
        quarantine: list-like of (path, reason). Videos found unusable so far.
        num_videos: int. Videos read in an epoch.
        steps_per_epoch: int or None. Batches in an epoch, where that is known.
        reader: `ClipReader`. What decodes the clips.

    `training_clips` and its like make it: of the `dataset` of one epoch after the other, the `facts` that are its
    attributes, the `epochs` that it counts, and `build`, a function of (epoch, step) that gives the rest of an epoch.
    """

    def __init__(self, dataset: tf.data.Dataset, facts: dict, epochs: "Epochs | None" = None,
                 build: Callable | None = None) -> None:
        self._dataset, self._facts, self._build = dataset, facts, build
        self._epochs: Any = epochs
        super().__init__(dataset._variant_tensor)

    def _inputs(self):
        return [self._dataset]

    @property
    def element_spec(self):
        return self._dataset.element_spec

    def cardinality(self, name=None) -> tf.Tensor:
        """Batches of the next epoch to be read, as tf.data tells it: shorter than others where an epoch is resumed."""
        steps = self._epochs.rest if self._epochs is not None else None
        return tf.constant(steps, tf.int64) if steps is not None else self._dataset.cardinality()

    @property
    def epoch(self) -> int:
        """The epoch that will be read next, from 0. Set it to read another."""
        return self._epochs.epoch

    @epoch.setter
    def epoch(self, epoch):
        self._epochs.go_to(epoch)

    def at(self, epoch: int, step: int = 0) -> "ClipDataset":
        """The batches of one epoch from one step on, the same each time it is read; it shares files found bad.

        `model.fit(train.at(7, 120), initial_epoch=7, epochs=8)` finishes epoch 7. Evaluation clips, which have no
        epochs, are refused with a ValueError.
        """
        if self._build is None:
            raise ValueError("Expected training clips, which have epochs. Received evaluation clips: iterate them.")
        return self._build(epoch, step)

    @contextlib.contextmanager
    def plain_errors(self) -> Iterator["ClipDataset"]:
        """Inside, what stops the reading is raised as it was, and not as TensorFlow's report of a failed graph.

            with train.plain_errors():
                model.fit(train, epochs=10)
        """
        try:
            yield self
        except tf.errors.OpError:
            failure = self.reader.failure
            if failure is None:
                raise
            raise failure from None

    def __repr__(self):
        return (f"<{type(self).__name__} of {self._facts.get('num_videos')} videos, {self._facts.get('num_classes')} "
                f"labels: {self.element_spec}>")

    @property
    def facts(self) -> dict:
        """All that rides along, by name."""
        return self._facts

    def __getattr__(self, name):
        facts = self.__dict__.get("_facts", {})
        if name not in facts:
            raise AttributeError(f"A {type(self).__name__} has no attribute {name!r}. It has {', '.join(facts)}.")
        return facts[name]


def _handing_on(name):
    method = getattr(tf.data.Dataset, name)

    def call(self, *args, **kwargs):
        build = self._build and (lambda epoch, step: call(self.at(epoch, step), *args, **kwargs))
        if name in _SAME_LENGTH:
            return ClipDataset(method(self, *args, **kwargs), self._facts, self._epochs, build)
        return ClipDataset(method(self, *args, **kwargs), self._facts | {"steps_per_epoch": None}, None, build)

    call.__name__, call.__doc__ = name, f"As `tf.data.Dataset.{name}`; what is known of the data rides along."
    return call


_SAME_LENGTH = ("map", "prefetch", "with_options")
for _name in (*_SAME_LENGTH, "take", "skip", "repeat", "cache", "batch", "unbatch", "rebatch", "filter", "shard"):
    setattr(ClipDataset, _name, _handing_on(_name))


class Epochs:
    """Counts epochs: each time one has been read to its end the next begins; one that was left early is read again.

    What is counted is the last batch handed out, not the last one prepared, so that peeking at a batch, as Keras does
    to build a model, changes nothing whatever runs ahead in the background.
    """

    def __init__(self, epoch=0, step=0, steps=None, fixed=False, when_done=None):
        for name, value in (("epoch", epoch), ("step", step)):
            if not isinstance(value, int) or value < 0:
                raise ValueError(f"`start_{name}` must be a whole number from 0 on. Received: {value!r}.")
        if steps is not None and step >= steps:
            raise ValueError(f"`start_step` must be below the {steps} batches of an epoch. Received: {step}.")
        self.epoch, self.step, self.steps, self.fixed, self.when_done = epoch, step, steps, fixed, when_done
        self._lock = threading.Lock()

    @property
    def rest(self):
        """Batches from the step where the next iteration begins; None where that is not known."""
        return self.steps - self.step if self.steps is not None else None

    def go_to(self, epoch, step=0):
        """Makes the next iteration begin at `step` of `epoch`; a resumed epoch that is named again keeps its step."""
        with self._lock:
            if (epoch, step) != (self.epoch, 0):
                self.epoch, self.step = epoch, step

    def begin(self):
        """(epoch, step) from which an iteration starts."""
        with self._lock:
            return self.epoch, self.step

    def finish(self, epoch):
        """Takes note that `epoch` has been read to its end."""
        with self._lock:
            if not self.fixed and epoch == self.epoch:
                self.epoch, self.step = epoch + 1, 0
        if self.when_done is not None:
            self.when_done(epoch)


def input_options(workers):
    """tf.data options for maps that call into Python: in order, and with as many threads as clips decode at once."""
    options = tf.data.Options()
    options.deterministic = True
    options.threading.private_threadpool_size = max(workers, os.cpu_count() or 1)
    # A prefetch added behind the last step would run ahead of the caller, and the epochs would be counted too early.
    options.experimental_optimization.inject_prefetch = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options
