"""What an epoch is made of, as arithmetic: the rows of its clips in order, how many batches they give, and which epoch
is due.

NumPy alone. Beside each clip travels its row: epoch, place in the epoch, video, key, and how many of a video's clips an
epoch begun in the middle leaves out. All that is random in later phases is drawn from the key.
"""

import threading

import numpy as np

from pipelines.arguments import check_whole_number
from pipelines.dataset import order
from pipelines.dataset.columns import Columns

ROW = Columns("epoch", "place", "video", "key", "left_out")


class EpochPlan:
    """Which clips an epoch has, and in which order: a function of (epoch, step), without state.

    Args:
        manifest: `Manifest`. The videos.
        batch_size: int. Clips in a batch.
        seed: int.
        shard: (index, count). This host's share of every batch.
        clips_per_video: int. They follow one another.
        balanced: bool. Every class equally often, and in a class every group, where entries have some.
        drop_remainder: bool. Leave out a last batch that is not full.

    Attributes:
        num_videos: int. Videos that this host reads in an epoch.
        steps: int. Batches of an epoch.
        last_place: int. The place of the last clip that is in a batch.

    Raises:
        ValueError: for wrong arguments, `balanced` where videos have several labels, or no full batch.

    >>> from pipelines.annotations.entries import Entry, Manifest
    >>> plan = EpochPlan(Manifest([Entry(f"{number}.mp4", (0,)) for number in range(8)], ["a"]), batch_size=3, seed=1)
    >>> plan.steps, plan.rows(epoch=0)["video"].tolist(), plan.rows(epoch=0, step=2)["video"].tolist()
    (3, [3, 5, 2, 4, 1, 0, 6, 7], [6, 7])
    """

    def __init__(self, manifest, batch_size, seed=0, shard=(0, 1), clips_per_video=1, balanced=False,
                 drop_remainder=False):
        check_whole_number("batch_size", batch_size)
        check_whole_number("clips_per_video", clips_per_video)
        self.shard = order.check_shard(shard)
        if balanced and manifest.multi_label:
            raise ValueError("`balanced` needs one label a video. Received: a multi-label data set.")
        self.batch_size, self.seed, self.clips_per_video = batch_size, seed, clips_per_video
        self.drop_remainder = drop_remainder
        self.total = len(manifest)
        self.labels = [entry.label for entry in manifest] if balanced else None
        self.groups = None
        if any(entry.group is not None for entry in manifest):  # a video without one, or a file of parts, is one itself
            self.groups = [entry.path if entry.group is None else f"group {entry.group}" for entry in manifest]
        self.num_videos = -(-self.total // self.shard[1])
        clips = self.num_videos * clips_per_video
        self.steps = clips // batch_size if drop_remainder else -(-clips // batch_size)
        if self.steps == 0:
            raise ValueError(f"Expected at least one full batch. Received: {clips} clips for batch_size={batch_size} "
                             "with drop_remainder=True. Use a smaller batch.")
        self.last_place = min(clips, self.steps * batch_size) - 1

    def videos(self, epoch):
        """The videos of an epoch in order, as positions in the manifest: int64 (num_videos,)."""
        if self.labels is not None:
            return order.balanced_order(self.labels, self.seed, epoch, self.shard, self.groups)
        return order.epoch_order(self.total, self.seed, epoch, self.shard)

    def rows(self, epoch, step=0):
        """The rows of an epoch's videos from one batch on, a structured array with the columns `ROW`.

        A video of which a batch before has taken some clips is among them, and its row tells how many.
        """
        rows, places = ROW.zeros(self.num_videos), np.arange(self.num_videos)
        index, count = self.shard
        rows["epoch"], rows["place"], rows["video"] = epoch, places, self.videos(epoch)
        rows["key"] = order.clip_keys(self.seed, epoch, places * count + index)
        rows["left_out"] = np.clip(step * self.batch_size - places * self.clips_per_video, 0, self.clips_per_video)
        return rows[rows["left_out"] < self.clips_per_video]


def check_place(epoch, step=0, steps=None, prefix=""):
    """Raises ValueError for a place that no epoch of `steps` batches has, by the names of its arguments."""
    check_whole_number(f"{prefix}epoch", epoch, 0)
    check_whole_number(f"{prefix}step", step, 0)
    if steps is not None and step >= steps:
        raise ValueError(f"`{prefix}step` must be below the {steps} batches of an epoch. Received: "
                         f"{prefix}step={step}.")


class EpochCounter:
    """Counts epochs: each time one has been read to its end the next begins; one that was left early is read again.

    What is counted is the last batch handed out, not the last one prepared, so that peeking at a batch, as Keras does
    to build a model, changes nothing whatever runs ahead in the background.

    Args:
        epoch, step: ints. Where the first iteration begins.
        steps: int. Batches of an epoch.
        fixed: bool. Give the same epoch each time.
        when_done: None or a function of the number of an epoch that has been read to its end.
    """

    def __init__(self, epoch, step, steps, fixed=False, when_done=None):
        check_place(epoch, step, steps, "start_")
        self.epoch, self.step, self.steps, self.fixed, self.when_done = epoch, step, steps, fixed, when_done
        self._lock = threading.Lock()

    @property
    def rest(self):
        """Batches from the step where the next iteration begins."""
        return self.steps - self.step

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
