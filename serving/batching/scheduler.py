"""Which batch runs next: bounded queues, time limits and the threads that serve them in turn."""

import collections
import threading
import time

from serving.errors import ServingError

FULL = ("The batch scheduling queue to which this task was submitted is full; task size is %d; number of enqueued "
        "batches is %d; consider increasing max_enqueued_batches or the number of servers.")


class Task:
    """Rows of one request, and the place where its caller waits for the answer.

    Args:
        feeds: {tensor name: array}.
        size: int. Rows.
        deadline: float or None. On the monotonic clock; later it need not run any more.
    """

    def __init__(self, feeds, size, deadline):
        self.feeds, self.size, self.deadline = feeds, size, deadline
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
    def __init__(self):
        self.tasks, self.size, self.closed = [], 0, False
        self.opened = time.monotonic()


class Queue:
    """Batches of one kind that wait to run, the oldest first.

    Args:
        run: function of a list of tasks; finishes each of them.
        parameters: batching.Parameters.
    """

    def __init__(self, run, parameters):
        self.run, self.parameters = run, parameters
        self.batches = collections.deque()

    def add(self, task):
        """Puts a task into the last batch that has room, or a new one. The scheduler's lock is held."""
        parameters = self.parameters
        last = self.batches[-1] if self.batches else None
        if last is None or last.closed or last.size + task.size > parameters.execution_size:
            if len(self.batches) >= parameters.max_enqueued_batches:
                raise ServingError("UNAVAILABLE", FULL % (task.size, len(self.batches)))
            if last is not None:
                last.closed = True
            last = _Batch()
            self.batches.append(last)
        last.tasks.append(task)
        last.size += task.size
        last.closed = last.size >= parameters.execution_size

    def ready_at(self):
        """When the first batch may run: 0 for at once, infinity if there is none."""
        if not self.batches:
            return float("inf")
        first = self.batches[0]
        return 0 if first.closed else first.opened + self.parameters.batch_timeout_micros / 1e6


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

    def room(self, queue):
        """Rows that still fit into the queue's open batch."""
        with self._changed:
            last = queue.batches[-1] if queue.batches else None
            return queue.parameters.execution_size - last.size if last and not last.closed else 0

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
            queue.run(batch.tasks)

    def _next(self):
        with self._changed:
            while True:
                now = time.monotonic()
                soonest = float("inf")
                for _ in range(len(self._queues)):
                    queue = self._queues[0]
                    self._queues.rotate(-1)
                    ready = queue.ready_at()
                    if ready <= now or (self._stopped and queue.batches):
                        batch = queue.batches.popleft()
                        if queue.batches:
                            self._changed.notify()
                        return queue, batch
                    soonest = min(soonest, ready)
                if self._stopped:
                    return None
                self._changed.wait(None if soonest == float("inf") else soonest - now)
