"""Shards written by child processes: a video that crashes or hangs its decoder costs that video alone.

The children import neither TensorFlow nor the caller's script.
"""

import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from concurrent import futures

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
        timeout: float. Seconds for one video; then its process is ended and the video counts as unusable.

    Raises:
        OSError: the first that a child met; the others are stopped.
    """
    numbers = list(numbers)
    workers = max(1, min(workers, len(numbers)))
    idle = queue.SimpleQueue()
    children = [_Child(out, timeout) for _ in range(workers)]
    for child in children:
        idle.put(child)
    stop = threading.Event()

    def write(number):
        if stop.is_set():
            return
        child = idle.get()
        try:
            child.write(number, progress, stop)
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
            child.end()


class _Child:
    """One child process, started when first asked and again after it died."""

    def __init__(self, out, timeout):
        self.out, self.timeout, self.process = out, timeout, None

    def write(self, number, progress, stop):
        """Has one shard written, over as many processes as die of its clips."""
        deaths, crashed, counted = {}, {}, {}
        while True:
            self._start()
            position, late = None, False
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(json.dumps({"out": self.out, "shard": number, "crashed": crashed}) + "\n")
                self.process.stdin.flush()
            while True:
                line, late = self._line(stop)
                if not line.endswith("\n"):
                    break
                said = json.loads(line)
                if "error" in said:
                    raise OSError(said["error"])
                if "defect" in said:
                    raise RuntimeError(f"A shard could not be written:\n{said['defect']}")
                if "shard" in said:
                    return
                if "start" in said:
                    position = said["start"]
                elif said["done"] not in counted:
                    counted[said["done"]] = True
                    progress(1, said["bytes"], int(said["failed"]))
            code = self.end()
            if stop.is_set():
                raise StoppedError
            if position is None:
                raise OSError(f"A child process that writes records did not start (exit code {code}). Its command was "
                              f"{' '.join(_COMMAND)}; run that to see why.")
            deaths[position] = deaths.get(position, 0) + 1
            if late or deaths[position] >= TRIES:
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                crashed[position] = (f"decoding did not end within {self.timeout:g} seconds" if late
                                     else f"the decoder crashed ({how})")

    def _line(self, stop):
        """(what the child said, whether it was too late); its process is killed if it is, or if all is over."""
        waited = 0.0
        while True:
            # Lines are short and flushed one by one, but several may wait in the buffer.
            if self.pending:
                line, self.pending = self.pending[0], self.pending[1:]
                return line, False
            ready, _, _ = select.select([self.process.stdout], [], [], 0.5)
            if ready:
                data = os.read(self.process.stdout.fileno(), 1 << 16)
                if not data:
                    return "", False
                self.partial += data
                *lines, self.partial = self.partial.split(b"\n")
                self.pending = [line.decode() + "\n" for line in lines]
                continue
            waited += 0.5
            if stop.is_set() or waited > self.timeout:
                self.process.kill()
                return "", not stop.is_set()

    def _start(self):
        if self.process is None:
            self.partial, self.pending = b"", []
            paths = os.pathsep.join(filter(None, sys.path))
            self.process = subprocess.Popen(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=os.environ | {"PYTHONPATH": paths, "OPENCV_FOR_THREADS_NUM": "1"}, start_new_session=True)

    def end(self):
        """Ends the process; returns its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        with process.stdout, contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        return process.wait()


_COMMAND = [sys.executable, "-m", "pipelines.prepare_shard"]
