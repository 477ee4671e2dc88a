"""Batches of clips of changing shape, as `tf.data`, of any epoch from any step."""

import tensorflow as tf

from pipelines.arguments import checked_workers
from pipelines.dataset import graph
from pipelines.dataset.clip_dataset import ClipDataset, input_options
from pipelines.dataset.cycling.turn import TurnPlan
from pipelines.dataset.epochs import EpochCounter, check_place
from pipelines.dataset.training import TrainingClips, picture_of


class CyclingClips:
    """Clips of every video once an epoch, as `training_clips` gives them, in batches of several shapes in turn.

    Args:
        source: `Source` of clips at their full shape, such as that of training clips, which has looked at the videos.
        turns_of: function epoch -> the `Turn`s that its batches take, one after the other.
        mix, workers: as in `training_clips`.
        plan_options: `seed`, `shard` and `balanced`, as in `training_clips`.
    """

    def __init__(self, source, turns_of, *, mix=None, workers=None, **plan_options):
        self.source, self.turns_of, self.plan_options = source, turns_of, plan_options
        self.mix, self.workers = mix, checked_workers(workers)
        self._made = (), ()  # the turns that were last asked for, and their clips
        self._steps = {}  # by the sizes of the turns

    @property
    def manifest(self):
        """The videos."""
        return self.source.manifest

    @property
    def quarantine(self):
        """List-like of (path, reason): videos found unusable so far."""
        return self.source.fallback.quarantine

    def plan(self, epoch, turn=0):
        """`TurnPlan` of one turn of an epoch."""
        return TurnPlan(self.manifest, self._sizes(epoch), turn, **self.plan_options)

    def _sizes(self, epoch):
        return tuple(turn.batch_size for turn in self.turns_of(epoch))

    def steps(self, epoch):
        """Batches of an epoch."""
        sizes = self._sizes(epoch)
        if sizes not in self._steps:
            self._steps[sizes] = self.plan(epoch).steps
        return self._steps[sizes]

    def names(self, epoch, step):
        """The paths of the videos of one batch."""
        plan = self.plan(epoch)
        places = plan.step_of(range(plan.num_videos)) == step
        return [self.manifest.entries[video].path for video in plan.videos(epoch)[places]]

    def at(self, epoch, step=0):
        """`ClipDataset` of the batches of an epoch from one step on, the same each time; it shares files found bad."""
        plan, clips = self.plan(epoch), self._clips(epoch)
        check_place(epoch, step, plan.steps)
        counter = EpochCounter(epoch, step, plan.steps, fixed=True, when_done=self.source.epoch_done)
        order = tf.data.Dataset.range(step, plan.steps).map(lambda number: number % len(clips))
        dataset = tf.data.Dataset.choose_from_datasets([turn.batches(counter) for turn in clips], order)
        dataset = dataset.prefetch(graph.PREFETCHED_BATCHES).map(graph.counted(counter, plan.last_place))
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(counter.rest))
        return ClipDataset(dataset.with_options(input_options(self.workers)), self.source, plan.num_videos, plan.steps,
                           counter, self.at)

    def _clips(self, epoch):
        turns = tuple(self.turns_of(epoch))
        if self._made[0] != turns:
            self._made = turns, tuple(self._turn(turn, self.plan(epoch, number)) for number, turn in enumerate(turns))
        return self._made[1]

    def _turn(self, turn, plan):
        picture, augment = picture_of(turn.clip, "random", turn.augment)
        return TrainingClips(self.source.of(turn.clip, turn.strides), plan, picture, augment, self.mix, self.workers)
