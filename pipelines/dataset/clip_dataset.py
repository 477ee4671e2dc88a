"""A `tf.data.Dataset` that knows its labels, and that goes on to the next epoch each time it is read to the end."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
from absl import logging

from pipelines.annotations.entries import Entry, Manifest
from pipelines.arguments import default_workers
from pipelines.dataset.epochs import check_place
from pipelines.dataset.fallback import Lineup
from pipelines.dataset.quarantine import Quarantine
from res3d.geometry import ClipSpec


class ClipDataset(tf.data.Dataset):
    """A dataset with what is known of it as attributes.

    `map`, `prefetch` and `with_options` give a `ClipDataset` that knows all that this one knows. `batch`, `cache`,
    `filter`, `rebatch`, `repeat`, `shard`, `shuffle`, `skip`, `take` and `unbatch` give one that has no `epoch` of its
    own, and whose `steps_per_epoch` is None, as they change how many batches there are or which of them is the last.
    The other methods of `tf.data.Dataset`, such as `concatenate`, `enumerate`, `flat_map`, `interleave` or `window`,
    give a plain dataset without labels.

    Attributes:
        source: `Source`. What the clips are read from.
        num_videos: int. Videos read in an epoch.
        steps_per_epoch: int or None. Batches in an epoch, where that is known.

    Of evaluation clips both go by the manifest, less the videos found unusable so far.

    `training_clips` and its like make it: of the `dataset` of one epoch after the other, the `counter` of its epochs,
    `at`, a function of (epoch, step) that gives the rest of an epoch, and `videos`, where their order is a fixed one;
    `batches` tells how many there are where TensorFlow cannot.
    """

    def __init__(self, dataset: tf.data.Dataset, source: Any, num_videos: int, steps_per_epoch: int | None = None,
                 counter: Any = None, at: Callable | None = None,
                 videos: Sequence[Entry] | Lineup | None = None, batches: Callable[[], int] | None = None) -> None:
        self.source, self._num_videos, self._steps_per_epoch = source, num_videos, steps_per_epoch
        self._dataset, self._counter, self._at, self._videos = dataset, counter, at, videos
        self._batches = batches
        super().__init__(tf.data.experimental.to_variant(dataset))

    def _inputs(self):
        """What every subclass of `tf.data.Dataset` has to tell: the datasets that it reads, and has its options of."""
        return [self._dataset]

    @property
    def element_spec(self):
        """The type of an element, as of any dataset."""
        return self._dataset.element_spec

    @property
    def num_videos(self) -> int:
        """Videos read in an epoch."""
        return len(self._videos) if isinstance(self._videos, Lineup) else self._num_videos

    @property
    def steps_per_epoch(self) -> int | None:
        """Batches in an epoch, where that is known."""
        return self._steps_per_epoch if self._steps_per_epoch is None or self._batches is None else self._batches()

    @property
    def manifest(self) -> Manifest:
        """The videos."""
        return self.source.manifest

    @property
    def videos(self) -> list[Entry]:
        """The video of each clip, in their order: row n of what `model.predict` gives is of `videos[n]`.

        Evaluation clips alone have it; others, which come in another order each time, raise AttributeError. Videos that
        cannot be read are not among them: those that have not come up yet are looked at when this is asked, which opens
        them. `cache`, `rebatch` and `unbatch` keep it.
        """
        if self._videos is None:
            raise AttributeError("Evaluation clips alone have their videos in a fixed order. Received training clips, "
                                 "views, or clips of which some were left out or put elsewhere. Ask what "
                                 "`evaluation_clips` gave; views come with their video's place in the manifest.")
        return list(self._videos)

    @property
    def labels(self) -> list[str]:
        """Label names; a label id is a position in it."""
        return self.manifest.labels

    @property
    def num_classes(self) -> int:
        """How many labels there are."""
        return self.manifest.num_classes

    @property
    def clip(self) -> ClipSpec:
        """What a clip is."""
        return self.source.clip

    @property
    def quarantine(self) -> Quarantine:
        """List-like of (path, reason): videos found unusable so far."""
        return self.source.fallback.quarantine

    def cardinality(self, name: str | None = None) -> tf.Tensor:
        """Batches of the next epoch to be read, as tf.data tells it: shorter than others where an epoch is resumed.

        Of evaluation clips it is that of a manifest of which each batch has a video that can be read, until it is known
        of one that it has none.
        """
        if self._batches is not None:
            return tf.constant(self._batches(), tf.int64)
        if self._counter is None:
            return self._dataset.cardinality()
        return tf.constant(self._counter.rest, tf.int64)

    @property
    def epoch(self) -> int:
        """The epoch that will be read next, from 0. Set it to read another. Only training clips have epochs."""
        return self._counted().epoch

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        counter = self._counted()
        check_place(epoch)
        counter.go_to(epoch)

    def _counted(self):
        if self._counter is None:
            raise AttributeError("Only training clips count epochs, and no longer do so when other batches have been "
                                 "made of them. Set `epoch` of what `training_clips` gave.")
        return self._counter

    def at(self, epoch: int, step: int = 0) -> "ClipDataset":
        """The batches of one epoch from one step on, the same each time it is read; it shares files found bad.

        `model.fit(train.at(7, 120), initial_epoch=7, epochs=8)` finishes epoch 7. Evaluation clips, which have no
        epochs, are refused with a ValueError.
        """
        if self._at is None:
            raise ValueError("Expected training clips, which have epochs. Received evaluation clips: iterate them.")
        check_place(epoch, step, self.steps_per_epoch)
        return self._at(epoch, step)

    @contextlib.contextmanager
    def plain_errors(self) -> Iterator["ClipDataset"]:
        """Inside, what stops the reading is raised as it was, and not as TensorFlow's report of a failed graph.

            with train.plain_errors():
                model.fit(train, epochs=10)

        Raises:
            VideoError, OSError, ValueError: whatever it was that a clip could not be had for.
            tf.errors.OpError: for what failed elsewhere, as it came.
        """
        try:
            yield self
        except tf.errors.OpError:
            failure = self.source.fallback.failure
            if failure is None:
                raise
            raise failure from None

    def __repr__(self):
        return (f"<{type(self).__name__} of {self.num_videos} videos, {self.num_classes} labels: "
                f"{self.element_spec}>")

    def map(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.map`; knows all that this dataset knows."""
        return self._alike(super().map(*args, **kwargs), lambda clips: clips.map(*args, **kwargs))

    def prefetch(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.prefetch`; knows all that this dataset knows."""
        return self._alike(super().prefetch(*args, **kwargs), lambda clips: clips.prefetch(*args, **kwargs))

    def with_options(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.with_options`; knows all that this dataset knows."""
        return self._alike(super().with_options(*args, **kwargs), lambda clips: clips.with_options(*args, **kwargs))

    def batch(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.batch`; keeps the labels, and no count of batches."""
        return self._changed(super().batch(*args, **kwargs), lambda clips: clips.batch(*args, **kwargs))

    def cache(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.cache`; keeps the labels, and no count of batches."""
        return self._changed(super().cache(*args, **kwargs), lambda clips: clips.cache(*args, **kwargs), self._videos)

    def filter(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.filter`; keeps the labels, and no count of batches."""
        return self._changed(super().filter(*args, **kwargs), lambda clips: clips.filter(*args, **kwargs),
                             counted=False)

    def rebatch(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.rebatch`; keeps the labels, and no count of batches."""
        return self._changed(super().rebatch(*args, **kwargs), lambda clips: clips.rebatch(*args, **kwargs),
                             self._videos, counted=False)

    def repeat(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.repeat`; keeps the labels, and no count of batches."""
        return self._changed(super().repeat(*args, **kwargs), lambda clips: clips.repeat(*args, **kwargs))

    def shard(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.shard`; keeps the labels, and no count of batches."""
        return self._changed(super().shard(*args, **kwargs), lambda clips: clips.shard(*args, **kwargs))

    def shuffle(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.shuffle`; keeps the labels, and no count of batches."""
        return self._changed(super().shuffle(*args, **kwargs), lambda clips: clips.shuffle(*args, **kwargs))

    def skip(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.skip`; keeps the labels, and no count of batches.

        Of training clips this leaves out other videos in each epoch, and is no way to hold some out, which is said.
        """
        if self._at is not None:
            logging.warning("`skip` and `take` of training clips, whose order changes with each epoch, hold no videos "
                            "out: those of `take` are trained on in the next. Divide the manifest, as "
                            "`pipelines.grouping.hold_out` does, and make clips of each side")
        return self._changed(super().skip(*args, **kwargs), lambda clips: clips.skip(*args, **kwargs))

    def take(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.take`; keeps the labels, and no count of batches. No way to hold out: see `skip`."""
        return self._changed(super().take(*args, **kwargs), lambda clips: clips.take(*args, **kwargs))

    def unbatch(self, *args, **kwargs) -> "ClipDataset":
        """As `tf.data.Dataset.unbatch`; keeps the labels, and no count of batches."""
        return self._changed(super().unbatch(*args, **kwargs), lambda clips: clips.unbatch(*args, **kwargs),
                             self._videos, counted=False)

    def _alike(self, dataset, again):
        """`dataset`, which was made of this one, with all that this one knows.

        Args:
            dataset: `tf.data.Dataset`.
            again: function of a `ClipDataset` that makes the same of it.
        """
        return ClipDataset(dataset, self.source, self._num_videos, self._steps_per_epoch, self._counter,
                           self._later(again), self._videos, self._batches)

    def _changed(self, dataset, again, videos=None, counted=True):
        """As `_alike`, but the batches are others; `videos` where their order has stayed.

        `counted` says whether how many they are follows from how many there were.
        """
        def batches():
            return int(again(tf.data.Dataset.range(self._batches())).cardinality())

        return ClipDataset(dataset, self.source, self.num_videos, at=self._later(again), videos=videos,
                           batches=batches if counted and self._batches is not None else None)

    def _later(self, again):
        return None if self._at is None else lambda epoch, step: again(self.at(epoch, step))


def input_options(workers):
    """tf.data options for maps that call into Python: in order, and with as many threads as clips decode at once."""
    options = tf.data.Options()
    options.deterministic = True
    options.threading.private_threadpool_size = max(workers, default_workers())
    # A prefetch added behind the last step would run ahead of the caller, and the epochs would be counted too early.
    options.experimental_optimization.inject_prefetch = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options
