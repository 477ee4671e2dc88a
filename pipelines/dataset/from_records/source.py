"""Clips out of records: the orders, keys, frames and crops are those of the same videos.

From a disk only the bytes of the chosen frames are read, in Python. From elsewhere, for shared input workers, and from
records without a table of frames, the graph reads whole records without Python, which is asked only for what is
damaged.
"""

import functools

from pipelines.dataset.fallback import too_short
from pipelines.dataset.from_records import frames
from pipelines.dataset.from_records.evaluation import RecordEvaluation, RecordViews
from pipelines.dataset.from_records.reader import RecordReader, shard_sizes
from pipelines.dataset.from_records.rows import RecordRows
from pipelines.dataset.from_records.training import RecordTraining
from pipelines.dataset.targets import targets_of
from pipelines.storage import files


class RecordSource:
    """The `Source` of records.

    Args:
        manifest: `Manifest` of `RecordEntry` objects.
        clip: `ClipSpec`.
        fallback: `Fallback` of the same.
        policy: what stands for frames past the end of a record, as in `pipelines.sample`.
        service: address of a dispatcher of shared input workers, for training; None reads here.
        temporal_crop: float. As in `pipelines.sample.parted.drawn`.
        strides: (least, greatest) step between the frames of training clips, drawn for each; None for the clip's.

    Attributes:
        rows: `RecordRows`.
        reader: `RecordReader`.
    """

    def __init__(self, manifest, clip, fallback, policy="repeat_last", service=None, temporal_crop=0.0, strides=None):
        self.manifest, self.clip, self.fallback, self.service = manifest, clip, fallback, service
        self.rows = RecordRows(manifest.entries, clip, policy, temporal_crop, strides)
        self.reader = RecordReader(manifest, clip)

    def of(self, clip, strides=None):
        """As `VideoSource.of`: the same records for training clips of another shape."""
        return RecordSource(self.manifest, clip, self.fallback, self.rows.policy, self.service, self.rows.temporal_crop,
                            strides)

    @functools.cached_property
    def names(self):
        """The shards, as TensorFlow opens them; the first look may fetch them."""
        return [files.openable(shard) for shard in self.rows.shards]

    @functools.cached_property
    def targets(self):
        """What the network should say, one row a record."""
        return targets_of(self.manifest)

    @property
    def indexed(self):
        """Whether all records tell where their frames lie."""
        return all(entry.indexed for entry in self.manifest)

    @property
    def frames_alone(self):
        """Whether single frames can be read, without the records around them."""
        return frames.can_read(self.manifest, self.names)

    def extent(self, index):
        """(info, first, last): what sampling has to know, and the half-open range of the record's frames."""
        info = self.manifest.entries[index].info
        return info, 0, info.num_frames

    def looked_at(self, index):
        """True: `check` has looked at all of them."""
        return True

    def check(self, workers=1, every=False):
        """Positions of the records that their shards are long enough to hold; the others are quarantined.

        Raises:
            ValueError: if there are none, or all are shorter than a clip.
        """
        look = functools.partial(self.reader.lies_in, shard_sizes(self.rows.shards))
        good = [index for index in range(len(self.manifest)) if self.fallback.try_read(look, index) is not None]
        if not good:
            raise self.fallback.nothing_usable()
        longest, position = self.rows.longest
        if longest < self.clip.span:
            raise too_short(self.clip, "record", len(good), self.manifest.entries[position].path, longest)
        return good

    def training(self, plan, crop, full_frame, workers):
        """As `Source.training`."""
        clips = RecordTraining(self, plan, crop, full_frame, workers)
        return clips.local if self.service is None else clips.shared

    def evaluation(self, places, protocol, batch_size, workers):
        """As `Source.evaluation`."""
        return RecordEvaluation(self, protocol).batches(places, batch_size, workers)

    def views(self, videos, protocol, workers):
        """As `Source.views`."""
        return RecordViews(self, protocol).dataset(videos, workers)

    def epoch_done(self, epoch):
        """Logs, when it has changed, how many records others stand in for; saves."""
        self.fallback.report(epoch)
        self.save()

    def save(self):
        """Writes the quarantine, where a path was given for it."""
        self.fallback.quarantine.save()
