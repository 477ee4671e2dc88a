"""A file for another runtime answers as Keras does, tells its labels, and does not appear where it would not."""

import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from serving.exporter.runtimes import model_file
from serving.session.runtimes.opening import open_file
from serving.verify.fresh import VerificationError

LABELS = ["archery", "jump rope", "walking café"]
KINDS = [("onnx", ".onnx", 1), ("openvino", ".xml", 2), ("litert", ".tflite", 1)]  # format, suffix, files
runtimes = pytest.mark.backends


def softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@runtimes
@pytest.mark.parametrize(("kind", "suffix", "files"), KINDS)
def test_a_file_answers_as_keras_and_tells_what_it_is(network, clip, clips_of_noise, tmp_path, runtime, kind, suffix,
                                                      files):
    runtime(kind)
    path, report = model_file.export_file(network, tmp_path / "actions", LABELS, format=kind,
                                          card={"metrics": {"top1": 1}})
    assert path == str(tmp_path / f"actions{suffix}")
    assert len(list(tmp_path.iterdir())) == files
    free = kind != "litert"
    assert [check["batch"] for check in report["checks"]] == ([1, 2] if free else [1])
    assert max(check["difference"] for check in report["checks"]) < 1e-5
    session = open_file(path)
    assert report["runtime"] == session.runtime
    assert (session.facts.clip, session.facts.labels, session.batch) == (clip, tuple(LABELS), None if free else 1)
    assert (session.facts.card["metrics"], session.facts.card["precision"]["folded_norms"]) == ({"top1": 1}, 12)
    clips_of_noise = clips_of_noise if free else clips_of_noise[:1]
    answer, logits = session.run(clips_of_noise), np.asarray(network(clips_of_noise, training=False))
    np.testing.assert_allclose(answer["logits"], logits, atol=1e-5 * np.ptp(logits))
    np.testing.assert_allclose(answer["scores"], softmax(logits), atol=1e-5)
    with pytest.raises(ValueError, match=r"takes uint8 clips of shape \((batch|1), 4, 32, 32, 3\). Received: uint8 "
                                         r"\(., 4, 32, 16, 3\)\."):
        session.run(clips_of_noise[:, :, :, :16])


@runtimes
@pytest.mark.parametrize(("kind", "suffix", "files"), KINDS)
def test_a_fixed_batch_and_independent_scores(network, clips_of_noise, tmp_path, runtime, kind, suffix, files):
    runtime(kind)
    path, report = model_file.export_file(network, tmp_path / f"a{suffix}", format=kind, batch=2, multi_label=True)
    assert [check["batch"] for check in report["checks"]] == [2]
    session = open_file(path, threads=1)
    assert (session.batch, session.facts.labels, session.facts.multi_label) == (2, ("0", "1", "2"), True)
    answer = session.run(clips_of_noise)
    np.testing.assert_allclose(answer["scores"], 1 / (1 + np.exp(-answer["logits"])), atol=1e-6)
    with pytest.raises(ValueError, match=r"of shape \(2, 4, 32, 32, 3\). Received: uint8 \(1, 4"):
        session.run(clips_of_noise[:1])


@runtimes
@pytest.mark.parametrize(("kind", "suffix", "files"), KINDS)
def test_a_file_that_would_answer_otherwise_is_refused(network, tmp_path, runtime, monkeypatch, kind, suffix, files):
    runtime(kind)
    right = model_file.answering

    def wrong(network, *rest):
        return right(lambda clips: network(clips) * 1.001, *rest)

    (tmp_path / f"a{suffix}").write_text("what was there")
    monkeypatch.setattr(model_file, "answering", wrong)
    with pytest.raises(VerificationError, match=r"was refused: .* at batch 1 differ from Keras by .* of their "
                                                r"range, and 0.0001 is allowed\. Nothing was written\."):
        model_file.export_file(network, tmp_path / "a", LABELS, format=kind, axes=5)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["what was there"]


@runtimes
def test_an_operation_without_counterpart_is_named(clip, tmp_path, runtime):
    import keras

    runtime("onnx")
    runtime("openvino")
    runtime("litert")

    @keras.saving.register_keras_serializable("test")
    class Odd(keras.layers.Layer):
        def call(self, x):
            return tf.math.bessel_i0e(tf.reduce_mean(x, (1, 2, 3)))

        def compute_output_shape(self, input_shape):
            return (input_shape[0], input_shape[-1])

    clips = keras.Input(clip.shape)
    model = keras.Model(clips, keras.layers.Dense(3)(Odd()(clips)))
    for kind, said in (("onnx", r"made of ONNX's own operations\. Received one with BesselI0e at '.*odd"),
                       ("openvino", "made of operations that it reads. It says: .*BesselI0e"),
                       ("litert", "made of LiteRT's own operations. Received one with BesselI0e, in '.*odd")):
        with pytest.raises(ValueError, match=said):
            model_file.export_file(model, tmp_path / "a", format=kind, clip=clip, activation="logits")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "module", "package"), [
    pytest.param("onnx", "tf2onnx", "tf2onnx", marks=pytest.mark.slow),
    pytest.param("openvino", "openvino", "OpenVINO", marks=pytest.mark.slow),
    ("litert", "ai_edge_litert", "LiteRT")])
def test_what_is_not_installed_is_named(network, tmp_path, monkeypatch, kind, module, package):
    monkeypatch.setitem(sys.modules, "onnx", types.ModuleType("onnx"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"`--format={kind}` needs {package}, which is not installed\. .*"
                                          rf"res3d\[{kind}\]"):
        model_file.export_file(network, tmp_path / "a", LABELS, format=kind)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "message"), [
    ({"format": "tensorrt"}, "`format` must be one of onnx, openvino, litert. Received: format='tensorrt'."),
    ({"format": "onnx", "axes": 3}, "`axes` must be 4 or 5, or None. Received: axes=3."),
    ({"format": "onnx", "batch": 0}, "`batch` must be an int of at least 1, or None. Received: batch=0."),
])
def test_bad_arguments(network, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        model_file.export_file(network, tmp_path / "a", LABELS, **options)
