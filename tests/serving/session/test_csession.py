"""TensorFlow's C++ session on arrays: every element type there and back, errors with their codes, many threads."""

import threading

import ml_dtypes
import numpy as np
import psutil
import pytest
import tensorflow as tf

from serving.session.csession import CSession
from serving.session.errors import SessionError
from serving.tensors import dtypes, tensor_proto, tfrecord
from serving.tensors.protos import tensor_pb2

EVERY_TYPE = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.int8, np.int16, np.int32, np.int64, np.uint8,
              np.uint16, np.uint32, np.uint64, np.bool_, np.complex64, np.complex128]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A SavedModel that gives back what it is sent, in every type; one signature has an optional input."""
    module = tf.Module()
    signatures = {}
    for dtype in [*map(tf.as_dtype, EVERY_TYPE), tf.string]:
        spec = tf.TensorSpec(None, dtype, name="x")
        signatures[f"same_{dtype.name}"] = tf.function(lambda x: {"y": tf.identity(x)}, input_signature=[spec])
    strings = tf.TensorSpec((None, None), tf.string, name="text")
    signatures["strings"] = tf.function(
        lambda text: {"longer": text + "!", "length": tf.strings.length(text)}, input_signature=[strings])
    module.functions = signatures
    path = str(tmp_path_factory.mktemp("saved"))
    tf.saved_model.save(module, path, signatures=signatures)
    return path


@pytest.fixture(scope="module")
def echo(saved):
    with CSession(saved, threads=1) as session:
        yield session


@pytest.mark.parametrize("dtype", EVERY_TYPE, ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 3), (2, 3, 4)], ids=str)
def test_numbers_there_and_back(echo, dtype, shape):
    sent = (np.arange(np.prod(shape, dtype=int)).reshape(shape) * 3 - 1).astype(dtype)
    found = echo.call(f"same_{tf.as_dtype(dtype).name}", {"x": sent})["y"]
    assert (found.dtype, found.shape) == (sent.dtype, sent.shape)
    np.testing.assert_array_equal(found, sent)
    for typed in (True, False):
        proto = tensor_pb2.TensorProto.FromString(tensor_proto.from_array(sent, typed).SerializeToString())
        np.testing.assert_array_equal(tensor_proto.to_array(proto), sent)
        np.testing.assert_array_equal(tf.make_ndarray(proto), sent)


def test_strides_do_not_matter(echo):
    sent = np.arange(24, dtype=np.int32).reshape(4, 6)[::2, ::-1]
    np.testing.assert_array_equal(echo.call("same_int32", {"x": sent})["y"], sent)


def test_bytes_are_turned_round(echo):
    sent = np.array([1, 2, 3], ">f4")
    assert echo.call("same_float32", {"x": sent})["y"].tolist() == [1, 2, 3]
    assert tensor_proto.to_array(tensor_proto.from_array(sent)).tolist() == [1, 2, 3]


def test_strings_of_all_lengths(echo):
    # Short ones lie inside the 24 bytes of a cell, long ones do not; bytes need not be text.
    texts = [b"", b"\x00\xff\x00", "é".encode(), b"x" * 22, b"x" * 23, b"y" * 100_000]
    found = echo.call("strings", {"text": np.array([texts, texts[::-1]], object)})
    assert found["longer"].tolist() == [[text + b"!" for text in texts], [text + b"!" for text in texts[::-1]]]
    assert found["length"].tolist() == [list(map(len, texts)), list(map(len, texts[::-1]))]
    assert echo.call("same_string", {"x": np.array("è")})["y"].item() == "è".encode()


def test_what_cannot_be_sent(echo):
    with pytest.raises(ValueError, match=r"A string tensor must hold bytes or str. Received: 5 \(int\)."):
        echo.call("strings", {"text": np.array([[5]], object)})
    with pytest.raises(ValueError, match=r"dtype must be one that TensorFlow has. Received: datetime64\[s\]"):
        echo.call("same_int64", {"x": np.array("2020-01-01", "datetime64[s]")})


@pytest.mark.parametrize(("feeds", "fetches", "code", "message"), [
    ({"same_float32_x:0": np.int32(1)}, ["PartitionedCall:0"], 3, "Expects arg.* to be .* but int32 is provided"),
    ({"nothing:0": np.int32(1)}, ["PartitionedCall:0"], 5, "nothing:0"),
    ({}, ["same_float32_x:0"], 3, "You must feed a value for placeholder"),
])
def test_refusals_keep_tensorflows_code(echo, feeds, fetches, code, message):
    with pytest.raises(SessionError, match=message) as refused:
        echo.run(feeds, fetches)
    assert refused.value.code == code


def test_what_does_not_load(tmp_path):
    with pytest.raises(SessionError, match=r"Could not find SavedModel .pb or .pbtxt") as refused:
        CSession(tmp_path)
    assert refused.value.code == 5
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff\xff")
    with pytest.raises(SessionError):
        CSession(tmp_path)


def test_wrong_tags(saved):
    with pytest.raises(SessionError, match=r"matching supplied tags: \{ gpu \}"):
        CSession(saved, tags=("gpu",))


def test_a_closed_session_says_so(saved):
    session = CSession(saved, threads=1)
    session.close()
    session.close()
    with pytest.raises(SessionError, match="is closed") as refused:
        session.call("strings", {"text": np.array([[b"a"]], object)})
    assert refused.value.code == 9


def test_close_waits_for_what_runs(saved):
    session, failures = CSession(saved, threads=1), []

    def ask():
        try:
            while True:
                session.call("strings", {"text": np.array([[b"a" * 50] * 200], object)})
        except SessionError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    session.close()
    for thread in threads:
        thread.join()
    assert failures == [f"The session of {saved} is closed."] * 4


def test_threads_share_a_session_and_nothing_leaks(echo):
    def ask(number):
        for _ in range(60):
            text = f"{number}" * 10_000
            found = echo.call("strings", {"text": np.array([[text] * 20], object)})
            assert found["longer"][0, 19] == (text + "!").encode()

    def memory():
        return psutil.Process().memory_info().rss / 2**20

    ask(0)
    before = memory()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory() - before < 70  # what was sent and received is over 100 MB


def test_a_deadline_is_kept(saved, tmp_path):
    module = tf.Module()
    module.spin = tf.function(
        lambda x: {"y": tf.while_loop(lambda v: v >= 0, lambda v: (tf.math.floormod(v + 1, 7),), [x])[0]},
        input_signature=[tf.TensorSpec((), tf.int32, name="x")])
    tf.saved_model.save(module, str(tmp_path), signatures={"spin": module.spin})
    with CSession(tmp_path, threads=1) as session, pytest.raises(SessionError) as refused:
        session.call("spin", {"x": np.int32(0)}, timeout_ms=50)
    assert refused.value.code == 4  # DEADLINE_EXCEEDED


def test_short_typed_fields_repeat_their_last_value():
    proto = tensor_pb2.TensorProto(dtype=1, float_val=[1, 2])
    proto.tensor_shape.dim.add(size=4)
    assert tensor_proto.to_array(proto).tolist() == [1, 2, 2, 2]
    proto.float_val.extend([3, 4, 5])
    assert tensor_proto.to_array(proto).tolist() == [1, 2, 3, 4]
    del proto.float_val[:]
    assert tensor_proto.to_array(proto).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("proto", "message"), [
    (tensor_pb2.TensorProto(dtype=20), "cannot hold elements of type resource"),
    (tensor_pb2.TensorProto(dtype=1, tensor_content=b"12345"), r"float tensor .* must hold 4 bytes. Received: 5"),
])
def test_protos_that_hold_no_tensor(proto, message):
    with pytest.raises(ValueError, match=message):
        tensor_proto.to_array(proto)


def test_records_are_tensorflows_own(tmp_path):
    random = np.random.default_rng(0)
    records = [b"", b"a", *(random.bytes(size) for size in (513, 40_000, 1_000_003))]
    path = str(tmp_path / "records")
    tfrecord.write(path, records)
    assert [record.numpy() for record in tf.data.TFRecordDataset(path)] == records
    with tf.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)
    assert list(tfrecord.read(path)) == records


def test_damaged_records_are_found(tmp_path):
    path = tmp_path / "records"
    tfrecord.write(path, [b"one", b"two" * 30_000])
    whole = path.read_bytes()
    endless = bytes.fromhex("0000000000000010c4234e8e")  # a header like any other
    for damaged, message in ((whole[:-5], "Record 1 of 90000 bytes is damaged"),
                             (whole[:25], "header of record 1 is damaged"),
                             (whole[:12] + b"x" + whole[13:], "Record 0 of 3 bytes is damaged"),
                             (b"\x01" + whole[1:], "header of record 0 is damaged"),
                             (endless, "Record 0 of 1152921504606846976 bytes is damaged or cut short")):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=message):
            list(tfrecord.read(path))


def test_every_numbered_type_has_a_name():
    assert dtypes.type_name(14) == "bfloat16"
    plain = (1, 2, 3, 4, 5, 6, 9, 10, 14, 17, 19, 22, 23)
    assert all(dtypes.type_number(dtypes.numpy_dtype(number)) == number for number in plain)
