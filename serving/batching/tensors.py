"""Requests to one batch and the batch's answer back to requests: joining, padding, splitting. Arrays only."""

import numpy as np

from serving.errors import ServingError


def merge(requests, sizes, parameters):
    """Joins requests along axis 0 and pads the batch to an allowed size.

    Args:
        requests: list of {tensor name: array}, all with the same names.
        sizes: ints. The rows of each request.
        parameters: batching.Parameters.

    Returns:
        `(feeds, padding)`: {tensor name: array} and the number of rows added at the end.

    Raises:
        ServingError: FAILED_PRECONDITION, if shapes beyond axis 0 differ and may not be padded.
    """
    rows = sum(sizes)
    padding = next((size for size in parameters.allowed_batch_sizes if size >= rows), rows) - rows
    feeds = {}
    for name in requests[0]:
        arrays = [request[name] for request in requests]
        if len({array.shape[1:] for array in arrays}) > 1:
            arrays = _same_shape(name, arrays, parameters.pad_variable_length_inputs)
        if padding:
            arrays.append(np.repeat(arrays[-1][:1], padding, axis=0))
        feeds[name] = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    return feeds, padding


def _same_shape(name, arrays, may_pad):
    if not may_pad or len({array.ndim for array in arrays}) > 1:
        raise ServingError(
            "FAILED_PRECONDITION",
            f"Tensors with name '{name}' from different tasks have different shapes and padding is turned off. Set "
            "pad_variable_length_inputs to true, or ensure that all tensors with the same name have equal dimensions "
            "starting with the first dim.")
    longest = np.max([array.shape[1:] for array in arrays], axis=0)
    padded = []
    for array in arrays:
        whole = np.empty((len(array), *longest), array.dtype)
        whole[...] = array.reshape(-1)[0] if array.size else (b"" if array.dtype == object else 0)
        whole[tuple(slice(size) for size in array.shape)] = array
        padded.append(whole)
    return padded


def split(values, sizes, padding):
    """Each request's rows of every output; the padding is dropped.

    Returns:
        For each request a list of arrays.

    Raises:
        ServingError: FAILED_PRECONDITION, if an output is not batched along axis 0.
    """
    rows = sum(sizes) + padding
    for value in values:
        if value.ndim == 0:
            raise ServingError("FAILED_PRECONDITION", "Batched output tensor has 0 dimensions")
        if len(value) != rows:
            raise ServingError("FAILED_PRECONDITION", "Batched output tensor's 0th dimension does not equal the sum of "
                                                      "the 0th dimension sizes of the input tensors")
    if len(sizes) == 1 and not padding:
        return [values]
    ends = np.cumsum(sizes)
    return [[value[end - size:end] for value in values] for size, end in zip(sizes, ends)]
