"""Which batch runs next: bounded queues, time limits and the threads that serve them in turn."""

import collections
import threading
import time

from serving.errors import ServingError, from_exception

FULL = ("The batch scheduling queue to which this task was submitted is full; task size is %d; number of enqueued "
        "batches is %d; consider increasing max_enqueued_batches or the number of servers.")


class Task:
    """Rows of one request, and the place where its caller waits for the answer.

    Args:
        feeds: {tensor name: array}.
        size: int. Rows.
        deadline: float or None. On the monotonic clock; later it need not run any more.
        kind: hashable. Only tasks of one kind share a batch.
        present: function that says whether the caller still waits, or None.
    """

    def __init__(self, feeds, size, deadline, kind=None, present=None):
        self.feeds, self.size, self.deadline, self.kind, self.present = feeds, size, deadline, kind, present
        self.entered = time.monotonic()
        self.outputs = self.error = None
        self.done = threading.Event()

    def finish(self, outputs=None, error=None):
        self.outputs, self.error = outputs, error
        self.done.set()

    def result(self):
        self.done.wait()
        if self.error is not None:
            raise ServingError(self.error.code, self.error.message)
        return self.outputs


class _Batch:
    def __init__(self, kind):
        self.kind, self.tasks, self.size, self.closed = kind, [], 0, False
        self.opened = time.monotonic()


class Queue:
    """Batches that wait to run, the oldest first; at most one of each kind still takes tasks.

    The limit on batches is one for all kinds, so that no client gets more room by making up kinds.

    Args:
        run: function of a list of tasks; finishes each of them.
        parameters: batching.Parameters.
    """

    def __init__(self, run, parameters):
        self.run, self.parameters = run, parameters
        self.batches = []
        self._open = {}  # kind: the batch that still takes tasks

    def add(self, task):
        """Puts a task into the open batch of its kind that has room, or a new one. The scheduler's lock is held."""
        parameters = self.parameters
        last = self._open.get(task.kind)
        if last is None or last.size + task.size > parameters.execution_size:
            if len(self.batches) >= parameters.max_enqueued_batches:
                raise ServingError("UNAVAILABLE", FULL % (task.size, len(self.batches)))
            if last is not None:
                last.closed = True
            last = self._open[task.kind] = _Batch(task.kind)
            self.batches.append(last)
        last.tasks.append(task)
        last.size += task.size
        if last.size >= parameters.execution_size:
            last.closed = True
            del self._open[task.kind]

    def room(self, kind):
        """Rows that still fit into the open batch of a kind. The scheduler's lock is held."""
        last = self._open.get(kind)
        return self.parameters.execution_size - last.size if last else 0

    def first(self):
        """`(when, batch)` of the batch to run next: 0 for at once, `(infinity, None)` if there is none."""
        if not self.batches:
            return float("inf"), None
        oldest = self.batches[0]
        due = oldest.opened + self.parameters.batch_timeout_micros / 1e6
        if due > time.monotonic():
            closed = next((batch for batch in self.batches if batch.closed), None)
            return (0, closed) if closed else (due, oldest)
        return 0, oldest

    def take(self, batch):
        """Removes a batch that is about to run. The scheduler's lock is held."""
        self.batches.remove(batch)
        if self._open.get(batch.kind) is batch:
            del self._open[batch.kind]


class Scheduler:
    """Threads that run batches, queue after queue in turn.

    Args:
        num_threads: int.
    """

    def __init__(self, num_threads):
        self._changed = threading.Condition()
        self._queues = collections.deque()
        self._stopped = False
        self._threads = [threading.Thread(target=self._work, name=f"batch-{i}", daemon=True)
                         for i in range(num_threads)]
        for thread in self._threads:
            thread.start()

    def register(self, queue):
        with self._changed:
            self._queues.append(queue)

    def remove(self, queue):
        with self._changed:
            self._queues.remove(queue)

    def submit(self, queue, tasks):
        """Enqueues all of the tasks or none.

        Raises:
            ServingError: UNAVAILABLE, if the queue is full.
        """
        with self._changed:
            if self._stopped:
                raise ServingError("UNAVAILABLE", "The server is shutting down.")
            if len(tasks) > 1:
                batches = -(-sum(task.size for task in tasks) // queue.parameters.execution_size)
                if len(queue.batches) + batches > queue.parameters.max_enqueued_batches:
                    raise ServingError("UNAVAILABLE", FULL % (sum(t.size for t in tasks), len(queue.batches)))
            for task in tasks:
                queue.add(task)
            self._changed.notify()

    def room(self, queue, kind=None):
        """Rows that still fit into the queue's open batch of a kind."""
        with self._changed:
            return queue.room(kind)

    def stop(self):
        """Runs what is queued, then ends the threads."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self):
        while (found := self._next()) is not None:
            queue, batch = found
            try:
                queue.run(batch.tasks)
            except Exception as error:  # nothing that one batch does may end the thread of all
                for task in batch.tasks:
                    task.finish(error=from_exception(error))

    def _next(self):
        with self._changed:
            while True:
                now = time.monotonic()
                soonest = float("inf")
                for _ in range(len(self._queues)):
                    queue = self._queues[0]
                    self._queues.rotate(-1)
                    ready, batch = queue.first()
                    if batch and (ready <= now or self._stopped):
                        queue.take(batch)
                        if queue.batches:
                            self._changed.notify()
                        return queue, batch
                    soonest = min(soonest, ready)
                if self._stopped:
                    return None
                self._changed.wait(None if soonest == float("inf") else soonest - now)
