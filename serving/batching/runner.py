"""Dynamic batching: requests that ask the same of a model run together; TensorFlow Serving's parameters and codes.

Each model version has one `BatchingRunner`, and that one queue per (inputs, outputs) pair; only requests of one queue
merge, and of those only the ones that agree in the sizes that the signature leaves free. The threads that run batches
belong to a `Scheduler` that all models share.
"""

import time

import numpy as np

from serving.batching import callers, tensors
from serving.batching.scheduler import Queue, Task
from serving.errors import ServingError, from_exception, invalid
from serving.tensors import dtypes


class BatchingRunner:
    """Stands before one model version's `run` and merges calls.

    Args:
        run: function of (feeds, fetches, timeout_ms), as `Predictor.run`.
        signatures: {name: csession.Signature}. A call that matches none runs alone.
        scheduler: Scheduler.
        parameters: Parameters.
        observe: function of (parameters, seconds queued, sizes, rows of padding), or None. Told about every batch.
    """

    def __init__(self, run, signatures, scheduler, parameters, observe=None):
        self._run, self._scheduler, self._parameters, self._observe = run, scheduler, parameters, observe
        self._queues, self._endpoints = {}, {}
        for signature in signatures.values():
            self._endpoints.update((endpoint.tensor, endpoint) for endpoint in signature.inputs.values())
            key = _key([e.tensor for e in signature.inputs.values()], [e.tensor for e in signature.outputs.values()])
            if key[0] and key not in self._queues:
                fetches = list(key[1])
                queue = Queue(lambda tasks, fetches=fetches: self._run_batch(tasks, fetches), parameters)
                self._queues[key] = queue
                scheduler.register(queue)

    def run(self, feeds, fetches, timeout_ms=None):
        """As `Predictor.run`; returns when the batch this call went into has run.

        Raises:
            ServingError: INVALID_ARGUMENT for tensors without a common batch axis or too many rows, UNAVAILABLE where
                the queue is full, RESOURCE_EXHAUSTED where the time was up before the batch ran, CANCELLED where the
                client had gone.
        """
        queue = self._queues.get(_key(feeds, fetches))
        # What the graph will refuse goes alone, so that it fails nobody else.
        if queue is None or not all(map(self._fits, feeds, feeds.values())):
            return self._run(feeds, fetches, timeout_ms)
        size = _rows(feeds)
        if size == 0:
            return self._run(feeds, fetches, timeout_ms)
        if size > self._parameters.max_batch_size:
            raise invalid(f"Task size {size} is larger than maximum input batch size {self._parameters.max_batch_size}")
        deadline = None if timeout_ms is None else time.monotonic() + timeout_ms / 1e3
        tasks = self._split(queue, feeds, size, deadline)
        self._scheduler.submit(queue, tasks)
        results = [task.result() for task in tasks]
        values = results[0] if len(results) == 1 else [np.concatenate(parts) for parts in zip(*results)]
        by_name = dict(zip(_key(feeds, fetches)[1], values))
        return [by_name[fetch] for fetch in fetches]

    def close(self):
        for queue in self._queues.values():
            self._scheduler.remove(queue)
        self._queues = {}

    def _fits(self, name, array):
        endpoint = self._endpoints[name]
        if np.ndim(array) == 0:
            return True  # refused by name below
        shape = endpoint.shape
        return dtypes.type_number(array.dtype) == endpoint.dtype and (shape is None or (
            len(shape) == array.ndim and all(a in (-1, b) for a, b in zip(shape[1:], array.shape[1:]))))

    def _kind(self, feeds):
        """What requests must have in common to run together: all sizes, or how many there are where padding is on."""
        pads = self._parameters.pad_variable_length_inputs
        return tuple(feeds[name].ndim if pads else feeds[name].shape[1:] for name in sorted(feeds))

    def _split(self, queue, feeds, size, deadline):
        limit, kind, present = self._parameters.execution_size, self._kind(feeds), callers.present()
        room = self._scheduler.room(queue, kind) if self._parameters.enable_large_batch_splitting else 0
        if size <= max(room, limit) and not 0 < room < size:
            return [Task(feeds, size, deadline, kind, present)]
        tasks, at = [], 0
        while at < size:
            take = min(size - at, room or limit)
            part = {name: array[at:at + take] for name, array in feeds.items()}
            tasks.append(Task(part, take, deadline, kind, present))
            at, room = at + take, 0
        return tasks

    def _run_batch(self, tasks, fetches):
        now = time.monotonic()
        wanted = []
        for task in tasks:
            if task.deadline is not None and task.deadline <= now:
                task.finish(error=ServingError("RESOURCE_EXHAUSTED",
                                               "Run() timeout exceeded while waiting in batching queue"))
            elif task.present is not None and not task.present():
                task.finish(error=callers.gone())
            else:
                wanted.append(task)
        if wanted:
            self._run_wanted(wanted, fetches, now)

    def _run_wanted(self, tasks, fetches, now):
        try:
            sizes = [task.size for task in tasks]
            feeds, padding = tensors.merge([task.feeds for task in tasks], sizes, self._parameters)
            # The batch may take as long as its most patient request would wait.
            deadlines = [task.deadline for task in tasks]
            timeout_ms = None if None in deadlines else (max(deadlines) - now) * 1e3
            if self._observe is not None:
                self._observe(self._parameters, [now - task.entered for task in tasks], sizes, padding)
            values = self._run(feeds, fetches, timeout_ms)
            for task, outputs in zip(tasks, tensors.split(values, sizes, padding), strict=True):
                task.finish(outputs)
        except Exception as error:
            refusal = from_exception(error)
            for task in tasks:
                task.finish(error=refusal)


def _key(inputs, outputs):
    return tuple(sorted(inputs)), tuple(sorted(set(outputs)))


def _rows(feeds):
    sizes = set()
    for array in feeds.values():
        if np.ndim(array) == 0:
            raise invalid("Batching Run() input tensors must have at least one dimension")
        sizes.add(len(array))
    if len(sizes) != 1:
        raise invalid("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()
