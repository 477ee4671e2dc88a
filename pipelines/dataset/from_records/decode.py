"""Records read inside `tf.data`, in TensorFlow operations alone, so that the graph also runs where this code is not.

A row (`pipelines.dataset.from_records.rows`) says where a record begins, so each is read by itself: any order costs the
same, and a damaged record costs no other. Frames are chosen as strings, before any is decoded.
"""

import tensorflow as tf

from pipelines.augment.crops import to_uint8
from pipelines.dataset.from_records.rows import PLACE, columns
from pipelines.dataset.graph import clips_shape
from pipelines.records.record import FRAME_BYTES, FRAME_FROM_END, IMAGE, SCHEMA_VERSION, VERSION
from pipelines.storage import addresses

_INTS = tf.io.VarLenFeature(tf.int64)
EXACT = "INTEGER_ACCURATE"  # the pixels that OpenCV decodes too
MARGIN = 2  # pixels around a part that decide over its own
UNROLLED = 64  # frames up to which decoding is laid out frame by frame instead of in a loop, which costs more


def read(dataset, shards, decode, nothing, workers, autotune=False):
    """Reads the record of each element's row: (row, ...) becomes (what `decode` gave, whether it could, row, ...).

    Args:
        dataset: elements are tuples of tensors that begin with a row, and come out in the same order.
        shards: list of str. The files that rows point into.
        decode: function (serialised record, row, ...) -> tensors of one structure.
        nothing: function without arguments -> tensors of that structure, for records that cannot be read.
        workers: int. Records read and decoded at once.
        autotune: bool. Let tf.data find out how many, up to `workers`.
    """
    names = tf.constant(shards)
    # A local shard that has gone fails to open again and again, and `ignore_errors` would never come to an end.
    asked = not any(addresses.is_remote(shard) or set("*?[\\") & set(shard) for shard in shards)

    def one(row, *rest):
        name = tf.gather(names, row[PLACE["shard"]])
        name = tf.io.matching_files(name) if asked else name[tf.newaxis]
        record = _record(name, tf.maximum(row[PLACE["offset"]], 0))

        def parsed(serialized):
            wanted = tf.debugging.assert_non_negative(row[PLACE["offset"]])
            with tf.control_dependencies([wanted]):
                return decode(tf.identity(serialized), row, *rest), True, row, *rest

        # What was wrong is found out where Python is: `pipelines.dataset.from_records.reader`.
        failed = tf.data.Dataset.range(1).map(lambda _: (nothing(), False, row, *rest))
        return record.map(parsed).ignore_errors().concatenate(failed).take(1)

    return dataset.interleave(one, cycle_length=workers, block_length=1, deterministic=True,
                              num_parallel_calls=tf.data.AUTOTUNE if autotune else workers)


def _record(names, offset):
    # Unbuffered: a record is then read by two calls, one for its length and one for the whole of it.
    variant = tf.raw_ops.TFRecordDatasetV2(filenames=names, compression_type="", buffer_size=0,
                                           byte_offsets=tf.fill(tf.shape(names), offset))
    return tf.data.experimental.from_variant(variant, tf.TensorSpec((), tf.string)).take(1)


def chosen_frames(serialized, frames, indexed):
    """The JPEGs of the frames asked for: a list of string scalars, or a string vector where their number is unknown.

    Args:
        serialized: string. A record.
        frames: int64 (n,).
        indexed: bool. Whether the record tells where its frames lie; the others need not be copied then.
    """
    if not indexed:
        _, lists = tf.io.parse_single_sequence_example(
            serialized, {}, {IMAGE: tf.io.FixedLenSequenceFeature((), tf.string)})
        jpegs = tf.gather(lists[IMAGE], frames)
        return tf.unstack(jpegs) if _few(frames) else jpegs
    context, _ = tf.io.parse_single_sequence_example(
        serialized, {FRAME_FROM_END: _INTS, FRAME_BYTES: _INTS,
                     VERSION: tf.io.FixedLenFeature((), tf.int64)}, {})
    known = tf.debugging.assert_less_equal(context[VERSION], tf.constant(SCHEMA_VERSION, tf.int64))
    with tf.control_dependencies([known]):
        size = tf.strings.length(serialized)
    starts = size - tf.cast(tf.gather(context[FRAME_FROM_END].values, frames), tf.int32)
    sizes = tf.cast(tf.gather(context[FRAME_BYTES].values, frames), tf.int32)
    if _few(frames):
        return [tf.strings.substr(serialized, start, size)
                for start, size in zip(tf.unstack(starts), tf.unstack(sizes))]
    return tf.map_fn(lambda place: tf.strings.substr(serialized, place[0], place[1]), (starts, sizes),
                     fn_output_signature=tf.string)


def _few(frames):
    return frames.shape[0] is not None and frames.shape[0] <= UNROLLED


def clip_decoder(clip, count, indexed, resizes, full_frame=False):
    """`decode` for `read`: `count` clips as their row says, uint8 (count, frames, height, width, channels).

    Args:
        clip: `ClipSpec`.
        count: int. Clips of a record.
        indexed: bool. As in `chosen_frames`.
        resizes: bool. Whether any picture has to be scaled.
        full_frame: bool. Whole pictures, whose size is known only when they are decoded.
    """
    fit, wanted = fitter(clip, count, resizes, full_frame), columns(count * clip.frames)

    def decode(serialized, row, *_):
        frames = tf.ensure_shape(row[wanted["frames"]], (count * clip.frames,))
        jpegs = chosen_frames(serialized, frames, indexed)
        box = tf.cast(row[wanted["box"]], tf.int32)

        def picture(jpeg):
            return decoded(jpeg, box, clip.channels)

        if isinstance(jpegs, list):
            pictures = tf.stack([picture(jpeg) for jpeg in jpegs])
        else:
            pictures = tf.map_fn(picture, jpegs, fn_output_signature=tf.TensorSpec((None, None, clip.channels),
                                                                                  tf.uint8))
        return fit(pictures, row)

    return decode


def decoded(jpeg, box, channels):
    """A part of a JPEG, the same pixels as in a decode of the whole: uint8 (height, width, channels).

    Colour has half the resolution, so that a pixel takes some of it from its neighbours: they are decoded, too.

    Args:
        jpeg: string.
        box: int32 (4,). Top, left, height, width in pixels, inside the picture.
        channels: int. 3 for RGB, 1 for grey.
    """
    first = tf.maximum(box[:2] - MARGIN, 0)
    last = tf.minimum(box[:2] + box[2:] + MARGIN, tf.io.extract_jpeg_shape(jpeg)[:2])
    more = tf.io.decode_and_crop_jpeg(jpeg, tf.concat([first, last - first], 0), channels=channels, dct_method=EXACT)
    return tf.slice(more, tf.concat([box[:2] - first, [0]], 0), tf.concat([box[2:], [-1]], 0))


def fitter(clip, count, resizes, full_frame=False):
    """A function (decoded pictures, row) -> clips, with the arguments of `clip_decoder`."""
    def fit(pictures, row):
        if resizes:
            pictures = scaled(pictures, row)
        if not full_frame:
            pictures = _cut(pictures, row, clip)
        shape = clips_shape(clip, count, full_frame)
        height, width = tf.unstack(tf.shape(pictures))[1:3] if full_frame else shape[2:4]
        return tf.ensure_shape(tf.reshape(pictures, (*shape[:2], height, width, clip.channels)), shape)

    return fit


def scaled(pictures, row):
    """Pictures at the size that their row asks for, bilinear without smoothing as everywhere."""
    size = tf.cast(row[PLACE["size"]], tf.int32)
    same = tf.reduce_all(tf.equal(tf.shape(pictures)[1:3], size))
    return tf.cond(same, lambda: pictures, lambda: to_uint8(tf.image.resize(pictures, size)))


def _cut(pictures, row, clip):
    corner = row[PLACE["corner"]]
    return pictures[:, corner[0]:corner[0] + clip.height, corner[1]:corner[1] + clip.width]


def views_decoder(clip, crops, indexed):
    """`decode` for `read` of elements (row, frames, clips, corners): all views, each picture decoded once.

    Args:
        clip: `ClipSpec`. Of a view.
        crops: int. Crops of a clip.
        indexed: bool.

    `frames` are the record's frames that are needed; `clips`, int64 (clips, frames), points into them; `corners` are
    int64 (crops, 3): top, left, mirrored. Views are uint8 (clips * crops, frames, height, width, channels), the crops
    of a clip next to each other.
    """
    def decode(serialized, row, frames, clips, corners):
        def picture(jpeg):
            full_frame = tf.io.decode_jpeg(jpeg, channels=clip.channels, dct_method=EXACT)
            return scaled(full_frame[tf.newaxis], row)[0]

        jpegs = chosen_frames(serialized, frames, indexed)
        pictures = tf.map_fn(picture, jpegs,
                             fn_output_signature=tf.TensorSpec((None, None, clip.channels), tf.uint8))
        views = []
        for crop in range(crops):
            top, left, mirrored = tf.unstack(corners[crop])
            part = pictures[:, top:top + clip.height, left:left + clip.width]
            part = tf.cond(mirrored > 0, lambda part=part: tf.reverse(part, [2]), lambda part=part: part)
            views.append(tf.gather(part, clips))
        shape = tf.shape(clips)
        views = tf.reshape(tf.stack(views, axis=1), (shape[0] * crops, shape[1], clip.height, clip.width,
                                                     clip.channels))
        return tf.ensure_shape(views, (None, None, clip.height, clip.width, clip.channels))

    return decode
