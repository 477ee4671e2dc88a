"""How batches form."""

import dataclasses
import itertools
import os


@dataclasses.dataclass(frozen=True)
class Parameters:
    """How batches form. Sizes count rows, that is the sum of the requests' first dimensions.

    Args:
        max_batch_size: int. The most rows a request may have, and, without splitting, a batch.
        batch_timeout_micros: int. How long the first request of a batch waits for company.
        max_enqueued_batches: int. Beyond these a request is refused.
        num_batch_threads: int. Batches that run at once, over all models.
        allowed_batch_sizes: ints, increasing. Batches are padded up to the next of these; empty: never.
        pad_variable_length_inputs: bool. Pad requests of different shapes instead of refusing the batch.
        enable_large_batch_splitting: bool. Spread a request over several batches.
        max_execution_batch_size: int. The most rows that run at once, where splitting is on; 0 is `max_batch_size`.
        thread_pool_name: str. The name that metrics carry.

    Raises:
        ValueError: for sizes that contradict each other.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = os.cpu_count() or 1
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0
    thread_pool_name: str = "model_server_batch_threads"

    def __post_init__(self):
        for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive. Received: {getattr(self, name)}.")
        if self.batch_timeout_micros < 0:
            raise ValueError(f"batch_timeout_micros must be non-negative. Received: {self.batch_timeout_micros}.")
        sizes = self.allowed_batch_sizes
        if any(a >= b for a, b in itertools.pairwise(sizes)) or any(size < 1 for size in sizes):
            raise ValueError(f"allowed_batch_sizes entries must be monotonically increasing. Received: {list(sizes)}.")
        if sizes and sizes[-1] != self.execution_size:
            wanted = "max_execution_batch_size" if self.enable_large_batch_splitting else "max_batch_size"
            raise ValueError(f"Last entry in allowed_batch_sizes must match {wanted}; last entry was {sizes[-1]}; "
                             f"expected {self.execution_size}.")

    @property
    def execution_size(self):
        """The most rows that run at once."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size:
            return min(self.max_execution_batch_size, self.max_batch_size)
        return self.max_batch_size

    @classmethod
    def from_proto(cls, proto):
        """The parameters of a BatchingParameters message; what it leaves out keeps its default."""
        values = {}
        for field, value in proto.ListFields():
            value = tuple(value) if field.name == "allowed_batch_sizes" else getattr(value, "value", value)
            values[field.name] = value
        return cls(**values)
