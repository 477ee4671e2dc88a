"""Clips per second of each phase of the way from videos to batches, each measured alone."""

import contextlib
import itertools
import threading
import time
from concurrent import futures

import keras
import numpy as np
import tensorflow as tf

from pipelines.annotations.entries import Manifest
from pipelines.dataset import graph
from pipelines.dataset.clip_dataset import input_options
from pipelines.dataset.epochs import ROW
from pipelines.dataset.order import epoch_order
from pipelines.video.info import VideoError
from pipelines.video.probe_cache import Probes

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
    def look(index):
        entry = manifest.entries[index]
        with contextlib.suppress(VideoError):  # a bad video takes its time as well
            Probes().info(entry.path, entry.num_frames is not None)

    return parallel_rate(look, itertools.cycle(epoch_order(len(manifest), 0, 0).tolist()), workers, seconds)


def some_of(manifest, most):
    """A `Manifest` of at most `most` of the videos, any of them."""
    chosen = sorted(epoch_order(len(manifest), 0, 0)[:most].tolist())
    return Manifest([manifest.entries[index] for index in chosen], manifest.labels, multi_label=manifest.multi_label)


def decode_rate(source, crop, workers, seconds):
    """Random clips decoded per second, `workers` at once, from videos that were probed before; it probes them all."""
    good = set(source.check(workers, every=True))
    videos = [index for index in epoch_order(len(source.manifest), 0, 0).tolist() if index in good]
    keys = itertools.count()

    def decode(video):
        source.random_clips(video, next(keys), 1, crop)

    return parallel_rate(decode, itertools.cycle(videos), workers, seconds)


def augment_rate(augment, clip, workers, seconds):
    """Clips augmented per second inside a dataset, `workers` at once."""
    row = np.zeros(ROW.width, np.int64)
    noise = np.random.default_rng(0).integers(0, 256, clip.shape, np.uint8)
    data = tf.data.Dataset.from_tensors((noise, np.int32(0), row)).repeat()
    data = data.map(lambda clip, label, row: (clip, label, row + tf.random.uniform((), 0, 1 << 30, tf.int64)))
    data = data.map(graph.augmented(augment, clip), workers)
    return _dataset_rate(data.with_options(input_options(workers)), seconds, lambda clip: 1)


def batch_rate(clip, batch_size, workers, seconds):
    """Clips put together into batches per second."""
    data = tf.data.Dataset.from_tensors((np.zeros(clip.shape, np.uint8), np.int32(0))).repeat().batch(batch_size)
    return _dataset_rate(data.prefetch(2).with_options(input_options(workers)), seconds)


def pipeline_rate(dataset, seconds):
    """Clips per second of a whole `ClipDataset`, all phases at once, epoch after epoch."""
    return _dataset_rate(dataset.repeat(), seconds)


def step_rate(network, clip, batch_size, seconds):
    """Clips per second of `train_on_batch` of a network that gives logits, fed from memory."""
    network.compile(keras.optimizers.SGD(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    clips = np.random.default_rng(0).integers(0, 256, (batch_size, *clip.shape), np.uint8)
    labels = np.zeros(batch_size, np.int32)

    def work():
        network.train_on_batch(clips, labels)
        return batch_size

    return rate(work, seconds)


def _dataset_rate(data, seconds, clips_in=len):
    iterator = iter(data)
    return rate(lambda: clips_in(next(iterator)[0]), seconds)  # an epoch's last batch may be a small one
