"""Prometheus' text form, written here because its own client adds `_total` to TensorFlow Serving's names.

Names are the internal path with `:` for `/`; there are `# TYPE` lines and no help texts, as upstream prints them. The
page's figures come from the same counts.
"""

import bisect
import collections
import threading
import time

from serving.server.recent import Recent

_LATENCY = tuple(10 * 1.8**i for i in range(33))  # microseconds, to about 20 minutes
_COUNTS = tuple(float(2**i) for i in range(15))
UNKNOWN = "(unknown)"  # what requests are counted under that name no model: clients may make up as many as they like


class _Metric:
    def __init__(self, name, labels):
        self.name, self.labels = f":tensorflow:{name.replace('/', ':')}", labels
        self.cells = {}
        self.lock = threading.Lock()

    def _tags(self, values, *more):
        pairs = [*zip(self.labels, values), *more]
        return "{" + ",".join(f'{label}="{_escaped(value)}"' for label, value in pairs) + "}" if pairs else ""


class Counter(_Metric):
    """A number that grows, one for every combination of label values."""

    kind = "counter"

    def add(self, *values, amount=1):
        with self.lock:
            self.cells[values] = self.cells.get(values, 0) + amount

    def lines(self):
        with self.lock:
            cells = sorted(self.cells.items())
        return [f"{self.name}{self._tags(values)} {count}" for values, count in cells]


class Histogram(_Metric):
    """How often values fell below each of some limits, one histogram for every combination of label values."""

    kind = "histogram"

    def __init__(self, name, labels, limits):
        super().__init__(name, labels)
        self.limits = limits

    def add(self, *values, amount):
        with self.lock:
            counts, total = self.cells.get(values) or ([0] * (len(self.limits) + 1), 0.0)
            counts[bisect.bisect_left(self.limits, amount)] += 1
            self.cells[values] = counts, total + amount

    def lines(self):
        with self.lock:
            cells = sorted((values, list(counts), total) for values, (counts, total) in self.cells.items())
        lines = []
        for values, counts, total in cells:
            so_far = 0
            for limit, count in zip((*self.limits, None), counts):
                so_far += count
                bound = "+Inf" if limit is None else f"{limit:g}"
                lines.append(f"{self.name}_bucket{self._tags(values, ('le', bound))} {so_far}")
            tags = self._tags(values)
            lines += [f"{self.name}_sum{tags} {total!r}", f"{self.name}_count{tags} {so_far}"]
        return lines


class Metrics:
    """Everything one server counts.

    Args:
        known: function of a name that says whether it is or was a model's; requests for others share one cell. None:
            every name is.
    """

    def __init__(self, known=None):
        self._known = known
        self.requests = Counter("serving/request_count", ("model_name", "status"))
        self.latency = Histogram("serving/request_latency", ("model_name", "API", "entrypoint"), _LATENCY)
        self.runtime = Histogram("serving/runtime_latency", ("model_name", "API", "runtime"), _LATENCY)
        self.examples = Histogram("serving/request_example_counts", ("model",), _COUNTS)
        self.example_total = Counter("serving/request_example_count_total", ("model",))
        self.warmup = Histogram("serving/model_warmup_latency", ("model_path", "status"), _LATENCY)
        self.warmup_records = Counter("serving/model_warmup_records_read", ("model_path", "status"))
        self.queuing = Histogram("serving/batching_session/queuing_latency", ("thread_pool_name",), _LATENCY)
        self.padding = Histogram("serving/batching_session/padding_size", ("execution_batch_size",), _COUNTS)
        self.input_rows = Histogram("serving/batching_session/input_batch_size", (), _COUNTS)
        self.processed_rows = Histogram("serving/batching_session/processed_batch_size", (), _COUNTS)
        self.wrapped = Counter("serving/batching_session/wrapped_run_count", ())
        self.log_lines_dropped = Counter("serving/access_log/dropped_lines", ())
        self._recent, self._lock = collections.defaultdict(Recent), threading.Lock()

    def answered(self, model, api, entrypoint, code, seconds):
        """One request has been answered.

        Args:
            model: str.
            api: str. "Predict" over gRPC, "predict" over REST, "" for REST's GETs.
            entrypoint: str. "GRPC" or "REST".
            code: str. The status by name.
            seconds: float.
        """
        if model and self._known is not None and not self._known(model):
            model = UNKNOWN
        self.requests.add(model, code)
        if code == "OK":
            self.latency.add(model, api, entrypoint, amount=seconds * 1e6)
            if api:
                self._recent_of(model).add(time.monotonic(), seconds)

    def ran(self, model, api, seconds):
        """A model has run once for one request."""
        self.runtime.add(model, api, "TF1", amount=seconds * 1e6)

    def counted(self, model, examples):
        """A classify or regress request had so many examples."""
        self.examples.add(model, amount=examples)
        self.example_total.add(model, amount=examples)

    def warmed_up(self, path, records, seconds):
        """A version has run its warm-up requests."""
        self.warmup.add(path, "OK", amount=seconds * 1e6)
        self.warmup_records.add(path, "OK", amount=records)

    def batch(self, parameters, queued, sizes, padding):
        """A batch is about to run: seconds each request waited, their rows, rows of padding."""
        total = sum(sizes) + padding
        for seconds, size in zip(queued, sizes):
            self.queuing.add(parameters.thread_pool_name, amount=seconds * 1e6)
            self.input_rows.add(amount=size)
        self.padding.add(str(total), amount=padding)
        self.processed_rows.add(amount=total)
        self.wrapped.add()

    def recent(self, model, window=10.0):
        """`(requests per second, median milliseconds)` of the last seconds; the second is None without any request."""
        return self._recent_of(model).last(time.monotonic(), window)

    def series(self, model):
        """The same of each two seconds of the last minute, the newest last."""
        return self._recent_of(model).series(time.monotonic())

    def _recent_of(self, model):
        with self._lock:
            return self._recent[model]

    def text(self):
        """All of it in Prometheus' text form.

        >>> metrics = Metrics(); metrics.answered("m", "predict", "REST", "NOT_FOUND", 0.001)
        >>> print(metrics.text())
        # TYPE :tensorflow:serving:request_count counter
        :tensorflow:serving:request_count{model_name="m",status="NOT_FOUND"} 1
        <BLANKLINE>
        """
        lines = []
        for metric in vars(self).values():
            if isinstance(metric, _Metric) and metric.cells:
                lines += [f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
        return "\n".join([*lines, ""])


def _escaped(value):
    return str(value).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
