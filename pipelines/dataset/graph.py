"""The tf.data graph between the order of an epoch and its batches, one function a phase.

Beside each clip travels its row of integers, which has the columns `epochs.ROW`.
"""

import atexit
import threading
import time

import numpy as np
import tensorflow as tf

from pipelines.dataset.epochs import ROW

PREFETCHED_BATCHES = 2  # one being handed over, one ready; more costs memory and hides nothing

# A thread that comes back from decoding while Python shuts down brings the whole process down with it ("terminate
# called without an active exception"), as happens when a script ends, or fails, with a half-read dataset still in a
# variable. So Python is made to wait for the calls in flight.
QUIET_SECONDS = 0.05  # without a call in flight, after which none is on its way in or out


class _Gate:
    """Counts the calls from tf.data's threads that are in flight; once closed, lets no more in."""

    def __init__(self):
        self.inside, self.closed, self.last = 0, False, 0.0
        self.lock = threading.Lock()

    def __enter__(self):
        with self.lock:
            self.last = time.monotonic()
            if self.closed:
                raise RuntimeError("the interpreter is shutting down")
            self.inside += 1

    def __exit__(self, *exc_info):
        with self.lock:
            self.inside -= 1
            self.last = time.monotonic()

    def close(self, seconds=30.0):
        self.closed = True
        end = time.monotonic() + seconds
        while time.monotonic() < end and (self.inside or time.monotonic() - self.last < QUIET_SECONDS):
            time.sleep(QUIET_SECONDS / 5)


_GATE = _Gate()
atexit.register(_GATE.close)


def call(function, inputs, dtypes, shapes):
    """`function(*arrays)` as TensorFlow op, on CPU: tensors of `dtypes` and `shapes`, which may be nested alike."""
    def guarded(*arrays):
        with _GATE:
            return function(*arrays)

    found = tf.numpy_function(tf.autograph.experimental.do_not_convert(guarded), inputs, dtypes)
    if isinstance(dtypes, list | tuple):
        return tuple(tf.ensure_shape(value, shape) for value, shape in zip(found, shapes))
    return tf.ensure_shape(found, shapes)


def epoch_rows(counter, plan):
    """The rows of the epoch that is due when the iteration starts, int64 (ROW.width,) each.

    Args:
        counter: `EpochCounter`. Tells where to begin.
        plan: `EpochPlan`.
    """
    def begin(_):
        return call(lambda: np.array(counter.begin(), np.int64), [], tf.int64, (2,))

    def rows(at):
        return ROW.plain(plan.rows(*map(int, at)))

    def table(at):
        return tf.data.Dataset.from_tensor_slices(call(rows, [at], tf.int64, (None, ROW.width)))

    return tf.data.Dataset.range(1).map(begin).flat_map(table)


def clips_shape(clip, count, full_frame=False):
    """Shape of `count` clips of a video: those of a `ClipSpec`, or of whole pictures, whose size is not known."""
    height, width = (None, None) if full_frame else (clip.height, clip.width)
    return count, clip.frames, height, width, clip.channels


def decoded(decode, shape, targets):
    """A map from an integer tensor, such as a row, to what `decode` gives for it: clips, uint8 of `shape`, and their
    target; then that tensor."""
    dtypes, shapes = (tf.uint8, tf.as_dtype(targets.dtype)), (shape, targets.shape[1:])
    return lambda row: (*call(decode, [row], dtypes, shapes), row)


def target_of(targets):
    """A function position -> target, for a graph: it looks into a table that is part of the graph, unless that would be
    large."""
    if targets.ndim == 1:
        table = tf.constant(targets)
        return lambda position: tf.gather(table, position)
    return lambda position: call(lambda index: targets[index], [position], tf.as_dtype(targets.dtype),
                                 targets.shape[1:])


def each_clip(clips, target, row, count):
    """A dataset of the `count` clips of a video: clip, target, row with a place and a key of its own."""
    left_out = row[ROW["left_out"]]
    number = tf.range(left_out, count)
    same = tf.zeros_like(number)
    columns = {name: row[ROW[name]] + same for name in ROW.names}
    columns |= {"place": row[ROW["place"]] * count + number, "key": row[ROW["key"]] + number, "left_out": same}
    table = tf.stack([columns[name] for name in ROW.names], axis=1)
    targets = tf.repeat(target[tf.newaxis], tf.size(number), axis=0)
    return tf.data.Dataset.from_tensor_slices((clips[left_out:], targets, table))


def augmented(augment, clip):
    """A map that augments a clip; ValueError, when the graph is made, if that gives no clip of the same kind."""
    def function(frames, target, row):
        frames = augment(frames, seed_of(row))
        if frames.dtype != tf.uint8 or not frames.shape.is_compatible_with(clip.shape):
            raise ValueError(f"`augment` must give uint8 clips of shape {clip.shape}. Received: {frames.dtype.name} "
                             f"{tuple(frames.shape)}.")
        message = f"`augment` must give clips of shape {clip.shape}. End it with a crop to that size."
        fits = tf.debugging.assert_equal(tf.shape(frames), clip.shape, message)
        with tf.control_dependencies([fits]):
            return tf.ensure_shape(tf.identity(frames), clip.shape), target, row

    return function


def mixed(mix, num_classes):
    """A map that blends the clips of a batch and their targets."""
    def function(clips, targets, rows):
        clips, targets = mix(clips, targets, seed_of(rows[0]), num_classes)
        return clips, targets, rows

    return function


def seed_of(row):
    """Two int32 from the key of a row."""
    return tf.bitcast(row[ROW["key"]], tf.int32)


def counted(counter, last_place):
    """Hands a batch on, and tells the `EpochCounter` when it was an epoch's last."""
    def note(row):
        if row[ROW["place"]] == last_place:
            counter.finish(int(row[ROW["epoch"]]))
        return row[ROW["epoch"]]

    def function(clips, targets, rows):
        with tf.control_dependencies([call(note, [rows[-1]], tf.int64, ())]):
            return tf.identity(clips), tf.identity(targets)

    return function


def batches_of_good(dataset, batch_size):
    """Batches of the (clip, target) of (clip, target, whether it could be read): each without those that could not.

    A batch of which none could is left out.
    """
    def without_bad(clips, targets, good):
        return tf.cond(tf.reduce_all(good), lambda: (clips, targets),
                       lambda: (tf.boolean_mask(clips, good), tf.boolean_mask(targets, good)))

    dataset = dataset.batch(batch_size).filter(lambda clips, targets, good: tf.reduce_any(good))
    return dataset.map(without_bad)


def ending(element_spec, when_done):
    """A dataset without elements, that calls `when_done` when it is read: to be put behind another."""
    def done(_):
        def end():
            when_done()
            return np.bool_(False)

        return call(end, [], tf.bool, ())

    return tf.data.Dataset.range(1).filter(done).map(lambda _: tf.nest.map_structure(
        lambda spec: tf.zeros([side or 0 for side in spec.shape], spec.dtype), element_spec))
