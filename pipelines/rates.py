"""Clips per second of each phase of the way from videos to batches, each measured alone."""

import contextlib
import itertools
import threading
import time
from concurrent import futures

import numpy as np
import tensorflow as tf

from pipelines import graph
from pipelines.clip_dataset import input_options
from pipelines.containers import VideoError
from pipelines.order import epoch_order
from pipelines.probes import Probes

MIN_SECONDS = 0.01


def rate(work, seconds):
    """Clips per second of `work()`, which returns how many it did, called once unmeasured and then for `seconds`."""
    work()
    done, start = 0, time.perf_counter()
    while done == 0 or time.perf_counter() - start < seconds:
        done += work()
    return done / max(time.perf_counter() - start, MIN_SECONDS)


def parallel_rate(work, items, workers, seconds):
    """`work(item)` per second in `workers` threads, each taking the next of the endless `items` until time is up."""
    lock = threading.Lock()
    end = None

    def loop(_):
        done = 0
        while done == 0 or time.perf_counter() < end:
            with lock:
                item = next(items)
            work(item)
            done += 1
        return done

    with futures.ThreadPoolExecutor(workers) as pool:
        work(next(items))  # what is loaded and filled on first use is not measured
        start = time.perf_counter()
        end = start + seconds
        done = sum(pool.map(loop, range(workers)))
        return done / max(time.perf_counter() - start, MIN_SECONDS)


def probe_rate(manifest, workers, seconds):
    """Videos probed per second, `workers` at once, none of them known before; bad ones count too."""
    def look(entry):
        with contextlib.suppress(VideoError):  # a bad video takes its time as well
            Probes().info(entry.path, entry.num_frames is not None)

    return parallel_rate(look, itertools.cycle(manifest.entries), workers, seconds)


def decode_rate(reader, window, workers, seconds):
    """Random clips decoded per second, `workers` at once, from videos that were probed before."""
    total = len(reader.manifest)
    good = [video for video in epoch_order(total, 0, 0).tolist() if reader.attempt(reader.extent, video) is not None]
    keys = itertools.count()

    def decode(video):
        reader.random_clips(video, next(keys), 1, window)

    return parallel_rate(decode, itertools.cycle(good), workers, seconds)


def augment_rate(augment, clip, workers, seconds):
    """Clips augmented per second inside a dataset, `workers` at once."""
    row = np.zeros(graph.COLUMNS, np.int64)
    noise = np.random.default_rng(0).integers(0, 256, clip.shape, np.uint8)
    data = tf.data.Dataset.from_tensors((noise, np.int32(0), row)).repeat()
    data = data.map(lambda clip, label, row: (clip, label, row + tf.random.uniform((), 0, 1 << 30, tf.int64)))
    return _dataset_rate(data.map(graph.augmented(augment, clip), workers), workers, seconds, 1)


def batch_rate(clip, batch_size, workers, seconds):
    """Clips put together into batches per second."""
    data = tf.data.Dataset.from_tensors((np.zeros(clip.shape, np.uint8), np.int32(0))).repeat().batch(batch_size)
    return _dataset_rate(data.prefetch(2), workers, seconds, batch_size)


def pipeline_rate(dataset, batch_size, seconds):
    """Clips per second of a whole `ClipDataset`, all phases at once."""
    return _dataset_rate(dataset.repeat(), None, seconds, batch_size)


def _dataset_rate(data, workers, seconds, count):
    iterator = iter(data if workers is None else data.with_options(input_options(workers)))

    def work():
        next(iterator)
        return count

    return rate(work, seconds)
