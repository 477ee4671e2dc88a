"""Shards written by child processes: a video that crashes or hangs its decoder costs that video alone.

The children import neither TensorFlow nor the caller's script.
"""

import queue
import signal
import threading
from concurrent import futures

from pipelines.prepare import plan
from pipelines.video.child import Child, module

TRIES = 2  # of a clip during which a child died; it may have been the machine's memory


class StoppedError(Exception):
    """Another child met an error that ends the job."""


def write_shards(out, numbers, workers, progress, timeout):
    """Writes shards of the plan in `out`, over `workers` processes.

    Args:
        out: str. The output folder.
        numbers: ints. Which shards.
        workers: int.
        progress: function (clips, bytes, failures), called after each clip.
        timeout: float. Seconds without another frame of a video; then its process is ended and it counts as unusable.

    Raises:
        OSError: the first that a child met; the others are stopped.
    """
    numbers = list(numbers)
    workers = max(1, min(workers, len(numbers)))
    idle = queue.SimpleQueue()
    children = [Child(_COMMAND, own_session=True, OPENCV_FOR_THREADS_NUM="1") for _ in range(workers)]
    for child in children:
        idle.put(child)
    stop = threading.Event()

    def write(number):
        if stop.is_set():
            return
        child = idle.get()
        try:
            _write_shard(child, {"out": out, "shard": number}, timeout, progress, stop)
        except StoppedError:
            pass
        except BaseException:
            stop.set()
            raise
        finally:
            idle.put(child)

    pool = futures.ThreadPoolExecutor(workers)
    try:
        for done in futures.as_completed([pool.submit(write, number) for number in numbers]):
            done.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
        for child in children:
            child.end(kill=True)


def _write_shard(child, request, timeout, progress, stop):
    """Has one shard written, over as many processes as die of its clips."""
    deaths, crashed, counted = {}, {}, {}
    while True:
        position, begun = None, False
        child.send(request | {"crashed": crashed})
        while True:
            said, late = child.receive(timeout, stop)
            if said is None:
                break
            if "error" in said:
                raise OSError(said["error"])
            if "defect" in said:
                raise RuntimeError(f"A shard could not be written:\n{said['defect']}")
            if "shard" in said:
                return
            position, begun = said.get("start"), True
            if "done" in said and said["done"] not in counted:
                counted[said["done"]] = True
                progress(1, said["bytes"], int(said["failed"]))
        code = child.end(kill=True)
        if stop.is_set():
            raise StoppedError
        if not begun:
            raise OSError(f"A child process that writes records did not start (exit code {code}). Its command was "
                          f"{' '.join(_COMMAND)}; run that to see why.")
        deaths[position] = deaths.get(position, 0) + 1
        if position is None and (late or deaths[position] >= TRIES):  # no clip is to blame
            how = f"did not end within {timeout:g} seconds" if late else f"ended its process (exit code {code})"
            raise OSError(f"Expected a shard that was written to be stored. That {how}. Run the same command again"
                          f"{', with a longer --timeout' if late else ''}: it goes on where it stopped.")
        if code == -signal.SIGKILL and not late and deaths[position] >= TRIES:  # not by what it read
            raise OSError(f"Expected the processes that write records to be left alone. {deaths[position]} were killed "
                          f"while they read '{plan.load(request['out']).names[position]}', as a system does "
                          "that runs out of memory. Run the same command again with fewer --workers, or without that "
                          "video: it goes on where it stopped.")
        if late or deaths[position] >= TRIES:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            crashed[position] = (f"decoding gave nothing for {timeout:g} seconds" if late
                                 else f"the decoder crashed ({how})")


_COMMAND = module("pipelines.prepare.shard")
