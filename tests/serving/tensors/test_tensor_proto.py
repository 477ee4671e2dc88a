"""A few bytes of a TensorProto must not become gigabytes."""

import tracemalloc

import numpy as np
import pytest

from serving.tensors.protos import tensor_pb2
from serving.tensors.tensor_proto import MOST_REPEATED, MOST_STRETCHED, to_array


def proto(number, shape, **fields):
    message = tensor_pb2.TensorProto(dtype=number, **fields)
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    return message


@pytest.mark.parametrize("message", [
    proto(18, [2**28], dcomplex_val=[1, 2]), proto(18, [2**14, 2**14], dcomplex_val=[]), proto(8, [2**28]),
    proto(1, [2**20 + 1], float_val=[1]), proto(10, [2**27], bool_val=[True]), proto(7, [2**27]),
    proto(7, [2**8], string_val=[b"x" * 2**15]), proto(7, [2**17 + 1], string_val=[b"a", b"b"]),
    proto(4, [2**31, 2**31], int_val=[1]), proto(19, [2**28], half_val=[1])],
    ids=["complex", "no values", "complex64", "float", "bool", "empty strings", "long string", "short strings",
         "overflow", "half"])
def test_stretching_beyond_the_limit_is_refused_before_memory_is_taken(message):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"must have at most 4194304 bytes. Received: \d+ values"):
            to_array(message, MOST_STRETCHED)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_stays_below_it_is_filled_up():
    np.testing.assert_array_equal(to_array(proto(1, [2, 3], float_val=[1, 2]), MOST_STRETCHED), [[1, 2, 2], [2, 2, 2]])
    np.testing.assert_array_equal(to_array(proto(18, [3], dcomplex_val=[1, 2]), MOST_STRETCHED), [1 + 2j] * 3)
    np.testing.assert_array_equal(to_array(proto(7, [3], string_val=[b"a", b"b"]), MOST_STRETCHED), [b"a", b"b", b"b"])
    assert to_array(proto(7, [2]), MOST_STRETCHED).tolist() == [b"", b""]
    assert to_array(proto(3, [0, 2**40]), MOST_STRETCHED).shape == (0, 2**40)
    assert to_array(proto(1, [2**20], float_val=[3]), MOST_STRETCHED)[-1] == 3


def test_one_picture_is_not_decoded_thousands_of_times():
    within = to_array(proto(7, [MOST_REPEATED + 1], string_val=[b"x"]), MOST_STRETCHED)
    assert within.tolist() == [b"x"] * (MOST_REPEATED + 1)
    assert len(to_array(proto(7, [1000], string_val=[b"x", b""]), MOST_STRETCHED)) == 1000
    with pytest.raises(ValueError, match=r"may repeat its last value 64 times. Received: 1 values for shape \[66\]"):
        to_array(proto(7, [MOST_REPEATED + 2], string_val=[b"x"]), MOST_STRETCHED)


def test_values_that_are_all_there_have_no_limit():
    assert to_array(proto(1, [4], float_val=[1, 2, 3, 4]), most_stretched=1).tolist() == [1, 2, 3, 4]
    assert to_array(proto(1, [3], float_val=[1, 2, 3, 4]), most_stretched=1).tolist() == [1, 2, 3]
    assert to_array(proto(8, [1], scomplex_val=[1, 2]), most_stretched=1).tolist() == [1 + 2j]
