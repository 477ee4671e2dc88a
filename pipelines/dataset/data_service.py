"""Reading by shared input workers, over tf.data service: `res3d data-dispatcher` and any number of `res3d data-worker`.

What is guaranteed: an epoch has every clip exactly once, with the same frames, crops and augmentation as without the
service, whatever happens to the workers. The dispatcher hands out the epoch's rows a part at a time to whichever worker
is free; what a worker that died had taken is missing at the end, and is then read by the trainer itself. What is not:
the order of clips, which depends on how fast the workers are, and therefore the batches; an epoch resumed in the middle
gives the clips that are later in the order, though some of them may have been seen. Workers open the shards under the
same names as the trainer does, so these must lie on shared storage.
"""

import os
import socket
import sys
import time

import numpy as np
import tensorflow as tf
from absl import logging

from pipelines.dataset.epochs import ROW
from pipelines.dataset.graph import call

PART = 16  # rows that a worker takes at a time: what is read again when it dies
TICK_SECONDS = 0.25
STALL_SECONDS = 20.0  # without a clip, after which the rest of an epoch is read here
WAIT_SECONDS = 60.0  # for a dispatcher that is not there yet
WORKER_TIMEOUT_MS = 10_000  # without a sign of life, after which a worker is taken for dead
HEARTBEAT_MS = 2_000
WORKER_READS = 16  # records under way at once in a worker; how many are decoded at once is tuned to its cores


def epoch(counter, plan, planned, width, reading, address):
    """The records of the epoch that is due, read by workers: (clips, good, row to read, row) each, in any order.

    Args:
        counter: `EpochCounter`. Tells where to begin.
        plan: `EpochPlan`.
        planned: function of its rows, int64 (n, ROW.width) -> int64 (n, width), the rows to read.
        width: int.
        reading: function (dataset of (row to read, row), records read at once) -> dataset; TensorFlow alone.
        address: str. grpc://HOST:PORT of the dispatcher.
    """
    reached(address)
    empty = tf.data.Dataset.from_tensor_slices((np.zeros((0, width), np.int64), np.zeros((0, ROW.width), np.int64)))
    spec = tf.nest.flatten(reading(empty, None).element_spec)
    types, shapes = [part.dtype for part in spec], [part.shape for part in spec]
    rounds = {}

    def begin(_):
        rows = plan.rows(*counter.begin())
        number = max(rounds, default=-1) + 1
        rounds[number] = _Round(planned(ROW.plain(rows)), rows, reading, address)
        for old in sorted(rounds)[:-2]:  # left in the middle
            rounds.pop(old)
        return np.int64(number)

    def one_epoch(number):
        def pull(_):
            return call(lambda number: rounds[int(number)].next(), [number], [*types, tf.bool], [*shapes, ()])

        def left(_):
            return tf.data.Dataset.from_tensor_slices(call(lambda number: rounds.pop(int(number)).left(), [number],
                                                           [tf.int64] * 2, [(None, width), (None, ROW.width)]))

        shared = tf.data.Dataset.range(np.iinfo(np.int64).max).map(pull).take_while(lambda *parts: parts[-1])
        shared = shared.map(lambda *parts: parts[:-1])
        return shared.concatenate(reading(tf.data.Dataset.range(1).flat_map(left), None))

    start = tf.data.Dataset.range(1).map(lambda _: call(begin, [_], tf.int64, ()))
    return start.flat_map(one_epoch)


class _Round:
    """One pass over an epoch: pulls clips from the workers, and knows which have not come.

    A client of tf.data service waits for a worker that died as long as the dispatcher lists it, which is for ever, and
    cannot be interrupted from the graph. So it is read from Python, beside a clock that ticks.

    Args:
        planned: int64 (n, width). The rows to read.
        rows: the rows of the epoch, structured (n,).
        reading, address: as `epoch` takes them.
    """

    def __init__(self, planned, rows, reading, address):
        self.planned, self.rows, self.arrived = planned, rows, 0
        self.missing = {place: position for position, place in enumerate(rows["place"].tolist())}
        parts = _parts(tf.constant(planned), tf.constant(ROW.plain(rows)))
        service = tf.data.experimental.service
        shared = reading(parts, WORKER_READS).apply(
            service.distribute(service.ShardingPolicy.DYNAMIC, address, compression=None))
        self.nothing = tuple(np.zeros(part.shape, part.dtype.as_numpy_dtype)
                             for part in tf.nest.flatten(shared.element_spec))
        self.elements = iter(_with_ticks(shared))

    def next(self):
        """The next clip that has not come before, and True; zeros and False when there is none to wait for."""
        idle, last = 0.0, time.monotonic()
        while self.missing:
            *parts, row, tick = next(self.elements)
            now = time.monotonic()
            # Ticks that were waiting come all at once, and tell nothing.
            idle, last = idle + min(now - last, 2 * TICK_SECONDS), now
            if not tick.numpy():
                idle = 0.0
                if self.missing.pop(int(row[ROW["place"]]), None) is not None:
                    # Its place is now that of its arrival, by which batches and epochs are counted.
                    row = row.numpy().copy()
                    row[ROW["place"]] = self.rows["place"][self.arrived]
                    self.arrived += 1
                    return *(part.numpy() for part in parts), row, np.bool_(True)
            elif idle > STALL_SECONDS:
                logging.warning("no worker has sent anything for %.0f seconds: the %d clips of this epoch that are "
                                "missing are read here", idle, len(self.missing))
                break
        return *self.nothing, np.bool_(False)

    def left(self):
        """(rows to read, rows) of the clips that have not come, both plain."""
        positions = sorted(self.missing.values())
        self.elements = None
        rows = self.rows[positions]
        rows["place"] = self.rows["place"][self.arrived:]
        return self.planned[positions], ROW.plain(rows)


def _with_ticks(dataset):
    """Elements with a flag, False; and one of zeros with flag True whenever a while has passed, without end."""
    def tick(_):
        with tf.control_dependencies([call(_sleep, [], tf.bool, ())]):
            return (*tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), dataset.element_spec), True)

    sources = (dataset.map(lambda *element: (*element, False)),
               tf.data.Dataset.range(np.iinfo(np.int64).max).map(tick))

    def either(number):
        everything = tf.constant(-1, tf.int64)
        first, second = (source.take(tf.where(number == flag, everything, 0)) for flag, source in enumerate(sources))
        return first.concatenate(second)

    return tf.data.Dataset.range(2).interleave(either, cycle_length=2, num_parallel_calls=2, deterministic=False)


def _sleep():
    time.sleep(TICK_SECONDS)
    return np.bool_(True)


def _parts(*tables):
    """The rows of tables as a dataset that the dispatcher can hand out in parts."""
    count = -(-int(tables[0].shape[0]) // PART)

    def part(number):
        return tf.data.Dataset.from_tensor_slices(tuple(table[number * PART:(number + 1) * PART] for table in tables))

    return tf.data.Dataset.range(count).flat_map(part)


def check_address(address):
    """Says what is wrong with the address of a dispatcher."""
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    if not address.startswith("grpc://") or not host or not port.isdecimal():
        raise ValueError(f"`data_service` must be grpc://HOST:PORT, as `res3d data-dispatcher` prints it. Received: "
                         f"{address!r}.")


def reached(address, seconds=WAIT_SECONDS):
    """Waits until something listens at the address of a dispatcher; ConnectionError if nothing does for `seconds`.

    A client of tf.data service would wait for ever, without a word.
    """
    check_address(address)
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    began, warned = time.monotonic(), False
    while True:
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=5.0):
                return
        except (OSError, OverflowError) as error:
            if time.monotonic() - began >= seconds:
                raise ConnectionError(f"Expected a dispatcher at '{address}'. Nothing answers there: {error}. Start "
                                      "`res3d data-dispatcher`, or check the address.") from None
            if not warned:
                logging.warning("nothing answers at %s yet: waiting for a dispatcher", address)
            warned = True
            time.sleep(0.5)


def serve(server, text):
    """Prints what has been started, keeps it until the process is interrupted, and then ends that with exit code 130.

    The server's own `join()` cannot be interrupted, and its end waits for calls under way, if need be for ever.
    """
    try:
        print(text, flush=True)
        while server is not None:
            time.sleep(TICK_SECONDS)  # and no longer: a signal that another thread takes wakes nobody
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        os._exit(130)


def dispatcher(port=0, worker_timeout_ms=WORKER_TIMEOUT_MS):
    """Starts a dispatcher; its `target` is the address for workers and trainers.

    Args:
        port: int. 0 takes a free one.
        worker_timeout_ms: int. Without a sign of life, after which a worker is taken for dead.

    Raises:
        OSError: if it cannot listen there.
    """
    config = tf.data.experimental.service.DispatcherConfig(
        port=port, protocol="grpc", worker_timeout_ms=worker_timeout_ms, job_gc_check_interval_ms=10_000,
        job_gc_timeout_ms=60_000)
    return _started(tf.data.experimental.service.DispatchServer, config, port)


def worker(address, host="localhost", port=0):
    """Starts a worker for the dispatcher at `address`; trainers reach it under `host`. OSError if either is missing."""
    reached(address)
    config = tf.data.experimental.service.WorkerConfig(
        dispatcher_address=address.removeprefix("grpc://"), worker_address=f"{host}:%port%", port=port,
        protocol="grpc", heartbeat_interval_ms=HEARTBEAT_MS, dispatcher_timeout_ms=60_000)
    return _started(tf.data.experimental.service.WorkerServer, config, port)


def _started(server, config, port):
    try:
        return server(config)
    except (RuntimeError, tf.errors.OpError) as error:
        raise OSError(f"Expected a port to listen at. {port} gives: {error}. Pass another --port, or 0 for any that is "
                      "free.") from None
