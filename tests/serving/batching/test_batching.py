"""Batching without a model: a function that doubles its rows stands in for one."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from serving.batching import callers, tensors
from serving.batching.parameters import Parameters
from serving.batching.runner import BatchingRunner
from serving.batching.scheduler import Scheduler
from serving.errors import ServingError
from serving.session.signatures import Endpoint, Signature
from serving.tensors import textproto
from serving.tensors.protos import types_pb2

X, Y = Endpoint("x:0", types_pb2.DT_FLOAT, (-1,)), Endpoint("y:0", types_pb2.DT_FLOAT, (-1,))
SIGNATURES = {"s": Signature("s", "", {"x": X}, {"y": Y}, {})}


class Double:
    """A model that remembers the sizes it ran with, and can be held."""

    def __init__(self):
        self.sizes, self.go = [], threading.Event()
        self.go.set()

    def __call__(self, feeds, fetches, timeout_ms=None):
        self.go.wait(10)
        self.sizes.append(len(feeds["x:0"]))
        return [feeds["x:0"] * 2]


@pytest.fixture
def make():
    made = []

    def runner(threads=1, observe=None, **parameters):
        scheduler, model = Scheduler(threads), Double()
        made.append((scheduler, model))
        return model, BatchingRunner(model, SIGNATURES, scheduler, Parameters(**parameters), observe)

    yield runner
    for scheduler, model in made:
        model.go.set()
        scheduler.stop()


def ask(runner, *values, timeout_ms=None):
    return runner.run({"x:0": np.float32(values)}, ["y:0"], timeout_ms)[0].tolist()


def held(model, runner, pool, *requests, timeout_ms=None):
    """Submits requests one after another while the only thread is busy; the first keeps it so."""
    model.go.clear()
    futures = []
    for request in requests:
        futures.append(pool.submit(ask, runner, *request, timeout_ms=timeout_ms))
        time.sleep(0.05)
    model.go.set()
    return futures


def test_what_waits_runs_together(make):
    model, runner = make(max_batch_size=4)
    with ThreadPoolExecutor(8) as pool:
        futures = held(model, runner, pool, [1], [2], [3, 4], [5, 6])
        assert [future.result() for future in futures] == [[2], [4], [6, 8], [10, 12]]
    assert model.sizes == [1, 3, 2]


def test_a_batch_waits_for_company_no_longer_than_its_timeout(make):
    model, runner = make(max_batch_size=4, batch_timeout_micros=50_000)
    assert ask(runner, 1) == [2]
    assert model.sizes == [1]


def test_padding_to_the_next_allowed_size(make):
    seen = []
    model, runner = make(max_batch_size=8, allowed_batch_sizes=(2, 8), observe=lambda *batch: seen.append(batch[2:]))
    assert ask(runner, 1, 2, 3) == [2, 4, 6]
    assert model.sizes == [8]
    assert seen == [([3], 5)]


def test_splitting(make):
    model, runner = make(max_batch_size=100, enable_large_batch_splitting=True, max_execution_batch_size=3)
    assert ask(runner, *range(7)) == [0, 2, 4, 6, 8, 10, 12]
    assert model.sizes == [3, 3, 1]


def test_a_full_queue(make):
    model, runner = make(max_batch_size=1, max_enqueued_batches=1)
    with ThreadPoolExecutor(8) as pool:
        futures = held(model, runner, pool, [1], [2], [3])
        assert futures[0].result() == [2]
        assert futures[1].result() == [4]
        with pytest.raises(ServingError, match="scheduling queue to which this task was submitted is full") as caught:
            futures[2].result()
    assert caught.value.code == "UNAVAILABLE"


def test_time_up_while_waiting(make):
    model, runner = make(max_batch_size=1)
    with ThreadPoolExecutor(8) as pool:
        futures = held(model, runner, pool, [1], [2], timeout_ms=20)
        with pytest.raises(ServingError, match="timeout exceeded while waiting in batching queue") as caught:
            futures[1].result()
    assert caught.value.code == "RESOURCE_EXHAUSTED"


def test_an_error_reaches_everybody_in_the_batch_and_nobody_else(make):
    model, runner = make(max_batch_size=4)
    runner._run = lambda *_: 1 / 0
    with pytest.raises(ServingError, match="division by zero") as caught:
        ask(runner, 1)
    assert caught.value.code == "INTERNAL"
    runner._run = model
    assert ask(runner, 1) == [2]


def test_a_closed_scheduler_refuses(make):
    scheduler = Scheduler(1)
    runner = BatchingRunner(Double(), SIGNATURES, scheduler, Parameters())
    scheduler.stop()
    with pytest.raises(ServingError, match="shutting down"):
        ask(runner, 1)


FREE = {"s": Signature("s", "", {"x": Endpoint("x:0", types_pb2.DT_FLOAT, (-1, -1))}, {"y": Y}, {})}


class Shapes(Double):
    """Remembers the shapes it ran with."""

    def __call__(self, feeds, fetches, timeout_ms=None):
        self.go.wait(10)
        self.sizes.append(feeds["x:0"].shape)
        return [feeds["x:0"].sum(1)]


@pytest.fixture
def free(make):
    """A runner whose signature leaves the second size free, with rows of any length to ask it for."""

    def runner(signatures=FREE, **parameters):
        model, first = make(**parameters)
        model = Shapes()
        found = BatchingRunner(model, signatures, first._scheduler, first._parameters)
        return model, found

    return runner


def rows(runner, *shape, present=None):
    with callers.waiting(present):
        return runner.run({"x:0": np.ones(shape, np.float32)}, ["y:0"])[0].tolist()


def waiting_for(model, runner, pool, *shapes, present=None):
    """Submits requests of these shapes while the only thread is busy with a first one, of shape (1, 9)."""
    model.go.clear()
    futures = [pool.submit(rows, runner, 1, 9)]
    time.sleep(0.05)
    for shape in shapes:
        futures.append(pool.submit(rows, runner, *shape, present=present))
        time.sleep(0.03)
    model.go.set()
    return futures[1:]


def test_requests_of_other_sizes_run_apart_and_those_of_one_size_together(free):
    model, runner = free(max_batch_size=4)
    with ThreadPoolExecutor(8) as pool:
        futures = waiting_for(model, runner, pool, (1, 2), (1, 3), (2, 2), (1, 3), (3, 2))
        assert [future.result() for future in futures] == [[2], [3], [2, 2], [3], [2, 2, 2]]
    assert model.sizes == [(1, 9), (3, 2), (2, 3), (3, 2)]


def test_sizes_are_padded_together_where_padding_is_on_but_never_ranks(free):
    any_rank = {"s": Signature("s", "", {"x": Endpoint("x:0", types_pb2.DT_FLOAT, None)}, {"y": Y}, {})}
    model, runner = free(any_rank, max_batch_size=4, pad_variable_length_inputs=True)
    with ThreadPoolExecutor(8) as pool:
        futures = waiting_for(model, runner, pool, (1, 2), (1, 3), (1, 2, 2))
        assert [future.result() for future in futures] == [[3], [3], [[2, 2]]]
    assert model.sizes == [(1, 9), (2, 3), (1, 2, 2)]


def test_made_up_sizes_get_no_more_room_than_one_size(free):
    model, runner = free(max_batch_size=4, max_enqueued_batches=2)
    with ThreadPoolExecutor(8) as pool:
        futures = waiting_for(model, runner, pool, (1, 2), (1, 3), (1, 4), (1, 2))
        assert [futures[i].result() for i in (0, 1, 3)] == [[2], [3], [2]]
        with pytest.raises(ServingError, match="number of enqueued batches is 2") as caught:
            futures[2].result()
    assert caught.value.code == "UNAVAILABLE"


def test_a_full_batch_does_not_wait_behind_one_of_another_size(free):
    _, runner = free(max_batch_size=2, batch_timeout_micros=1_000_000)
    with ThreadPoolExecutor(8) as pool:
        slow = pool.submit(rows, runner, 1, 2)
        time.sleep(0.05)
        assert rows(runner, 2, 3) == [3, 3]
        assert not slow.done()
        assert slow.result() == [2]


def test_splitting_keeps_sizes_apart(free):
    model, runner = free(max_batch_size=100, enable_large_batch_splitting=True, max_execution_batch_size=3)
    with ThreadPoolExecutor(8) as pool:
        futures = waiting_for(model, runner, pool, (2, 5), (7, 6), (2, 5))
        assert [future.result() for future in futures] == [[5] * 2, [6] * 7, [5] * 2]
    assert sorted(model.sizes[1:]) == [(1, 5), (1, 6), (3, 5), (3, 6), (3, 6)]


def test_rows_of_clients_that_have_gone_are_not_computed(free):
    model, runner = free(max_batch_size=4)
    with ThreadPoolExecutor(8) as pool:
        gone = waiting_for(model, runner, pool, (1, 2), (2, 2), present=lambda: False)
        for future in gone:
            with pytest.raises(ServingError, match="The client has gone") as caught:
                future.result()
            assert caught.value.code == "CANCELLED"
    assert model.sizes == [(1, 9)]
    assert rows(runner, 1, 2, present=lambda: True) == [2]


def test_nothing_a_batch_does_ends_the_thread_of_all(free):
    _, runner = free(max_batch_size=4)

    def defect():
        raise RuntimeError("a defect of ours")

    with pytest.raises(ServingError, match="a defect of ours"):
        rows(runner, 1, 2, present=defect)
    assert rows(runner, 1, 2) == [2]


@pytest.mark.parametrize(("text", "message"), [
    ("max_batch_size { value: 8 } allowed_batch_sizes: 4",
     "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8"),
    ("max_batch_size { value: 8 } allowed_batch_sizes: 8 allowed_batch_sizes: 4", "monotonically increasing"),
    ("max_batch_size { value: 0 }", "max_batch_size must be positive. Received: 0.")])
def test_parameters_that_contradict_each_other(text, message):
    with pytest.raises(ValueError, match=message):
        Parameters.from_proto(textproto.parse(text, "BatchingParameters"))


def test_defaults():
    found = Parameters.from_proto(textproto.parse("", "BatchingParameters"))
    assert (found.max_batch_size, found.batch_timeout_micros, found.max_enqueued_batches) == (1000, 0, 10)


def test_variable_lengths_are_padded_with_the_first_element():
    requests = [{"x": np.array([[b"a", b"b"]], object)}, {"x": np.array([[b"c"]], object)}]
    feeds, padding = tensors.merge(requests, [1, 1], Parameters(pad_variable_length_inputs=True))
    assert (feeds["x"].tolist(), padding) == ([[b"a", b"b"], [b"c", b"c"]], 0)
