"""Times clips from records against clips from the same videos, and preparing against bare decoding and JPEG encoding.

    python benchmarks/records.py VIDEO_OR_FOLDER...

Rounds are interleaved, so that a slow moment of the machine falls on all, and the median of each is taken. `plain` is
the usual way of reading such records: shards one after another, each record parsed whole, its frames decoded whole
by a map and cropped afterwards. Everything runs in one process with as many workers as --workers says.
Preparing is timed over as many videos as bare decoding takes --seconds for, so that starting the processes, which a
data set pays once, does not count for much. Processor time is printed too, which a busy machine disturbs less.
"""

import argparse
import os
import pathlib
import resource
import shutil
import statistics
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

import pipelines
from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset.clip_dataset import input_options
from pipelines.manifest import read_manifest
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from pipelines.video import opencv
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=16, stride=2, height=112, width=112)
VIDEOS = (".mp4", ".avi", ".mkv", ".webm", ".mpg", ".mov")


def plain(folder, workers):
    """The parse-decode-map pipeline over a prepared folder: (clips, label)."""
    shards = tf.constant(sorted(str(path) for path in pathlib.Path(folder).glob("*.tfrecord")))

    def one(serialized):
        context, lists = tf.io.parse_single_sequence_example(
            serialized, {"clip/label/index": tf.io.VarLenFeature(tf.int64)},
            {"image/encoded": tf.io.FixedLenSequenceFeature((), tf.string)})
        frames = lists["image/encoded"]
        free = tf.maximum(tf.shape(frames)[0] - CLIP.span, 0)
        start = tf.random.uniform((), 0, free + 1, tf.int32)
        indices = tf.minimum(start + tf.range(CLIP.frames) * CLIP.stride, tf.shape(frames)[0] - 1)
        pictures = tf.map_fn(lambda jpeg: tf.io.decode_jpeg(jpeg, channels=3), tf.gather(frames, indices),
                             fn_output_signature=tf.uint8)
        pictures = tf.image.random_crop(pictures, (CLIP.frames, CLIP.height, CLIP.width, 3))
        return pictures, tf.cast(context["clip/label/index"].values[0], tf.int32)

    dataset = tf.data.Dataset.from_tensor_slices(shards)
    dataset = dataset.interleave(tf.data.TFRecordDataset, cycle_length=4, num_parallel_calls=workers)
    return dataset.shuffle(64).map(one, workers).batch(8).prefetch(2).with_options(input_options(workers))


def rate(dataset):
    """(clips a second, milliseconds of processor time a clip) over a dataset's whole length."""
    began, used, count = time.perf_counter(), time.process_time(), 0
    for clips, _ in dataset:
        count += clips.shape[0]
    return count / (time.perf_counter() - began), 1e3 * (time.process_time() - used) / count


def processor_seconds():
    """Of this process and of its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def bare(paths, options):
    """Seconds of decoding videos and encoding their scaled frames, and nothing else, in this thread."""
    began = time.perf_counter()
    for path in paths:
        with opencv.Decoder(path) as decoder:
            frame = size = None
            while decoder.grab():
                frame = decoder.retrieve(frame)
                if size is None:
                    height, width = frame.shape[:2]
                    side = min(options.short_side, height, width)
                    size = ClipSpec(height=1, width=1, resize=side).resized_size(height, width)
                opencv.encoded(frame, size, options.quality)
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", help="video files, or folders of them")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--copies", type=int, default=16, help="how often each video is in the data set")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0, help="of bare decoding, for the videos to prepare")
    arguments = parser.parse_args()
    paths = [os.path.abspath(path) for name in arguments.videos for path in (
        sorted(os.path.join(name, inside) for inside in os.listdir(name)) if os.path.isdir(name) else [name])
        if path.lower().endswith(VIDEOS)]
    options = PrepareOptions(CLIP, shard_clips=2 * len(paths))
    manifest = Manifest([Entry(path, (0,)) for path in paths * arguments.copies], ["any"])
    with tempfile.TemporaryDirectory() as folder:
        copies = max(1, round(arguments.seconds / bare(paths, options)))
        once = Manifest([Entry(path, (0,)) for path in paths * max(copies, -(-8 // len(paths)))], ["any"])
        times, used = {"bare": [], 1: [], 2: []}, {"bare": [], 1: [], 2: []}
        for _ in range(max(3, arguments.repeats // 2)):
            for name in times:
                out = os.path.join(folder, "rate")
                began, busy = time.perf_counter(), processor_seconds()
                if name == "bare":
                    bare([entry.path for entry in once], options)
                else:
                    summary = prepare(once, out, PrepareOptions(CLIP, shard_clips=-(-len(once) // 8)), workers=name)
                times[name].append(time.perf_counter() - began)
                used[name].append(processor_seconds() - busy)
                shutil.rmtree(out, ignore_errors=True)
        seconds = {name: statistics.median(taken) for name, taken in times.items()}
        used = {name: statistics.median(taken) for name, taken in used.items()}
        frames = summary["frames"]
        print(f"processor time: {1e3 * used['bare'] / frames:.3f} ms a frame bare, {1e3 * used[1] / frames:.3f} by one "
              f"worker ({used['bare'] / used[1]:.2f} times the rate), {1e3 * used[2] / frames:.3f} by two")
        print(f"preparing: {frames / seconds[1]:.0f} frames/s by one worker, {summary['bytes'] / frames / 1e3:.2f} kB "
              "a frame")
        print(f"preparing: {len(once) / seconds[1]:.2f} videos/s by one worker, {len(once) / seconds[2]:.2f} by two "
              f"({seconds[1] / seconds[2]:.2f} times); bare decoding and encoding {len(once) / seconds['bare']:.2f} "
              f"({seconds['bare'] / seconds[1]:.2f} times)", flush=True)
        summary = prepare(manifest, os.path.join(folder, "all"), options)
        print(f"a record: {summary['bytes'] / summary['clips'] / 1e6:.2f} MB, "
              f"{summary['frames'] / summary['clips']:.0f} frames; a video: "
              f"{np.mean([os.path.getsize(path) for path in paths]) / 1e6:.2f} MB", flush=True)
        few = Manifest(manifest.entries[:2 * len(paths)], ["any"])
        readers = {
            "records": pipelines.training_clips(read_manifest(os.path.join(folder, "all")), CLIP, 8,
                                                workers=arguments.workers),
            "plain": plain(os.path.join(folder, "all"), arguments.workers),
            "videos": pipelines.training_clips(few, CLIP, 8, workers=arguments.workers)}
        rates = {name: [] for name in readers}
        for dataset in readers.values():
            rate(dataset)
        for _ in range(arguments.repeats):
            for name, dataset in readers.items():
                rates[name].append(rate(dataset))
        clips = {name: statistics.median(found for found, _ in each) for name, each in rates.items()}
        cost = {name: statistics.median(found for _, found in each) for name, each in rates.items()}
        print("processor time a clip: " + ", ".join(f"{name} {found:.2f} ms" for name, found in cost.items()))
        print(", ".join(f"{name} {found:.1f} clips/s" for name, found in clips.items()))
        print(f"records are {clips['records'] / clips['videos']:.1f} times videos, "
              f"{clips['records'] / clips['plain']:.2f} times plain")


if __name__ == "__main__":
    main()
