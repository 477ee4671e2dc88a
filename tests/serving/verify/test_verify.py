"""What TensorFlow Serving would not run, or would answer wrongly, gets no version number and leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

import serving
from serving.exporter import staging
from serving.session import clibrary, errors
from serving.tensors import tfrecord
from serving.verify import compare, graph_scan, warmup_requests

LABELS = ["archery", "jump rope", "walking café"]


def model_with(layer, clip):
    import keras

    inputs = keras.Input(clip.shape, dtype="uint8")
    x = layer(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling3D()(x)))


def layer_that(function):
    import keras

    class Custom(keras.layers.Layer):
        def call(self, x):
            return tf.ensure_shape(function(x), x.shape)

        def compute_output_shape(self, input_shape):
            return input_shape

    return Custom()


@pytest.mark.slow
@pytest.mark.parametrize(("function", "reason"), [
    (lambda x: tf.numpy_function(lambda v: v * 2, [x], tf.float32), r"calls Python \(op PyFunc\), which no server"),
    (lambda x: tf.py_function(lambda v: v * 2, [x], tf.float32), r"calls Python \(op EagerPyFunc\), which no server"),
    (tf.function(lambda x: x * 2, jit_compile=True), r"must be compiled \(.*\), and TensorFlow Serving turns"),
], ids=["numpy_function", "py_function", "jit_compile"])
def test_what_no_server_runs_is_refused(function, reason, clip, tmp_path):
    model = model_with(layer_that(function), clip)
    with pytest.raises(ValueError, match=reason) as refused:
        serving.export(model, tmp_path / "models" / "bad", LABELS, clip=clip)
    assert str(refused.value).startswith("An export must load in TensorFlow Serving and answer as Keras does.")
    assert str(refused.value).endswith("Nothing was left there.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_op_that_the_server_lacks_is_named(exported):
    known = clibrary.load().op_names()
    assert graph_scan.scan(exported, known) == []
    assert any("uses the op DecodeJpeg, which is not part of TensorFlow" in reason
               for reason in graph_scan.scan(exported, known - {"DecodeJpeg"}))


@pytest.mark.slow
def test_answers_that_differ_from_keras_are_refused(network, tmp_path, monkeypatch):
    from serving.exporter import frames

    right = frames.decode_pictures
    monkeypatch.setattr(frames, "decode_pictures", lambda encoded, clip: 255 - right(encoded, clip))
    with pytest.raises(ValueError, match=r"output \w+ of signature predict_jpeg at batch 1 differs from Keras by "
                                         r"[\d.]+, and (1e-05|0.0001) is allowed. Nothing was left there."):
        serving.export(network, tmp_path / "actions", LABELS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_warmup_that_fails_is_refused(network, tmp_path, monkeypatch):
    grey = warmup_requests.warmup_requests

    def damaged(names, clip, picture, batches):
        return grey(names, clip, b"no picture", batches)

    monkeypatch.setattr(warmup_requests, "warmup_requests", damaged)
    with pytest.raises(ValueError, match=r"refused: warm-up record 1 fails: .*Unknown image file format"):
        serving.export(network, tmp_path, LABELS)
    assert staging.versions(tmp_path) == []


@pytest.fixture
def answers(exported, tmp_path):
    """One recorded request for every signature, as short as can be: the answers of the export itself."""
    from serving.session.csession import CSession
    from serving.tensors import tensor_proto
    from serving.tensors.protos import prediction_log_pb2

    logs = []
    with CSession(exported, threads=1) as session:
        for record in tfrecord.read(exported / "assets.extra" / warmup_requests.WARMUP_FILE):
            name, inputs = warmup_requests.inputs_of(prediction_log_pb2.PredictionLog.FromString(record))
            found = session.call(name, inputs)
            logs.append(warmup_requests.predict_log(name, {k: tensor_proto.from_array(v) for k, v in inputs.items()},
                                           {k: tensor_proto.from_array(v) for k, v in found.items()}))
    path = tmp_path / "answers.tfrecord"
    tfrecord.write(path, (log.SerializeToString() for log in logs))
    return path


DATA = "variables/variables.data-00000-of-00001"


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "reason"), [
    (lambda folder: (folder / "saved_model.pb").write_bytes(b""), "it does not load: "),
    (lambda folder: shutil.rmtree(folder / "variables"),
     r"signature \w+ at batch 1 fails: .*Could not find variable"),
    (lambda folder: os.truncate(folder / DATA, 1000), "does not load: Read less bytes than requested"),
    (lambda folder: os.truncate(folder / "assets.extra" / warmup_requests.WARMUP_FILE, 1000),
     r"warm-up record 1 fails: .* damaged or cut short"),
], ids=["graph", "variables", "data", "warm-up"])
def test_damaged_versions_are_refused(exported, answers, tmp_path, damage, reason):
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    damage(folder)
    with pytest.raises(compare.VerificationError, match=reason):
        compare.check(str(folder), str(answers))


@pytest.mark.slow
def test_a_fresh_process_verifies(exported, answers):
    report = compare.verify_version(exported, answers)
    assert report["runtime"] == f"TensorFlow {tf.__version__} C library"
    assert report["without_c_library"] is None
    assert len(report["checks"]) == report["warmup"] == 9
    assert max(check["difference"] for check in report["checks"]) == 0


@pytest.mark.slow
def test_another_runtime_that_is_not_there_is_refused(exported, answers, tmp_path):
    with pytest.raises(compare.VerificationError, match=f"C library must be readable in {tmp_path}"):
        compare.verify_version(exported, answers, runtime=tmp_path)


@pytest.mark.slow
def test_a_signature_without_an_answer_is_refused(exported, answers, tmp_path):
    some = tmp_path / "some.tfrecord"
    tfrecord.write(some, list(tfrecord.read(answers))[:-1])
    with pytest.raises(compare.VerificationError, match="signature describe has no recorded answer"):
        compare.check(str(exported), str(some))


@pytest.mark.slow
def test_without_the_c_library_python_verifies_and_says_so(exported, answers, monkeypatch):
    def missing(folder=None):
        raise errors.LibraryError("libtensorflow_cc.so.2 is not there")

    said = []
    monkeypatch.setattr(clibrary, "load", missing)
    monkeypatch.setattr(tf.get_logger(), "handle", lambda record: said.append(record.getMessage()))
    report = compare.check(str(exported), str(answers))
    assert report["runtime"] == "TensorFlow's Python session"
    assert report["without_c_library"] == "libtensorflow_cc.so.2 is not there"
    assert len(report["checks"]) == 9
    assert not any("deprecated" in message for message in said)


SCRIPT = """
import sys
import keras, numpy as np
import serving
from res3d.geometry import ClipSpec
clip = ClipSpec(frames=4, height=32, width=32)
inputs = keras.Input(clip.shape, dtype="uint8")
x = keras.layers.GlobalAveragePooling3D()(keras.layers.Rescaling(1 / 255)(inputs))
model = keras.Model(inputs, keras.layers.Dense(3)(x))
print("ready", flush=True)
serving.export(model, sys.argv[1], clip=clip)
"""


@pytest.mark.parametrize("wanted", [
    pytest.param("assets.extra", id="while verifying", marks=pytest.mark.slow),
    pytest.param("assets/labels.txt", id="before the rename", marks=pytest.mark.slow)])
def test_killed_exports_leave_nothing_servable(tmp_path, wanted):
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, cwd=os.getcwd())
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(f".staging-*/{wanted}")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    left = staging.versions(tmp_path)
    if left:  # the rename came before the signal: then it is whole
        assert (tmp_path / "1/assets.extra" / warmup_requests.WARMUP_FILE).exists()
    else:
        assert len(list(tmp_path.glob(".staging-*"))) == 1
    with staging.staged(tmp_path):  # the next export clears what was left
        assert len(list(tmp_path.glob(".staging-*"))) == 1
    assert list(tmp_path.glob(".staging-*")) == []


def test_staging_of_a_live_export_is_left_alone(tmp_path):
    with staging.staged(tmp_path) as first, staging.staged(tmp_path):
        assert first.exists()


def test_a_number_taken_meanwhile_is_passed_over(tmp_path):
    with staging.staged(tmp_path) as first, staging.staged(tmp_path) as second:
        (first / "saved_model.pb").write_bytes(b"1")
        (second / "saved_model.pb").write_bytes(b"2")
        assert staging.publish(first, tmp_path).name == "1"
        assert staging.publish(second, tmp_path).name == "2"
    assert json.loads((tmp_path / "2/saved_model.pb").read_text()) == 2
    assert staging.versions(tmp_path) == [1, 2]


def test_warmup_of_pixels_takes_few_bytes(exported, clip):
    sizes = {}
    from serving.tensors.protos import prediction_log_pb2

    for record in tfrecord.read(exported / "assets.extra" / warmup_requests.WARMUP_FILE):
        name, inputs = warmup_requests.inputs_of(prediction_log_pb2.PredictionLog.FromString(record))
        sizes[name] = len(record)
        if name == "serving_default":
            np.testing.assert_array_equal(inputs["clip"], np.full((1, *clip.shape), 128, np.uint8))
    assert sizes["serving_default"] < 100
    assert sizes["predict_views"] < 100
