"""A model in 8-bit arithmetic: what it changes is measured and told, and too few clips are refused."""

import numpy as np
import pytest

from serving.exporter.runtimes import model_file
from serving.exporter.runtimes.eight_bits import int8, layer_errors
from serving.session.runtimes.opening import open_file
from serving.verify.known_answers import moving_patterns

LABELS = ["archery", "jump rope", "walking café"]


def onnx_marks(path):
    """How many numbers an ONNX file puts into 8 bits."""
    import onnx

    return [node.op_type for node in onnx.load(path).graph.node].count("QuantizeLinear")


def litert_marks(path):
    """How many tensors of a LiteRT file are in 8 bits."""
    from ai_edge_litert import schema_py_generated as schema

    graph, = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0).subgraphs
    return sum(tensor.type == schema.TensorType.INT8 for tensor in graph.tensors)


@pytest.fixture(scope="module")
def calibration(clip):
    return moving_patterns(int8.LEAST, clip, seed=5)


@pytest.mark.backends
def test_eight_bits_are_near_and_their_change_is_told(network, calibration, clips_of_noise, tmp_path, runtime):
    runtime("int8")
    import openvino

    path, report = model_file.export_file(network, tmp_path / "a", LABELS, format="openvino", calibration=calibration,
                                          judged=(calibration[:32], None))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.bin", "a.xml"]
    session, change = open_file(path), report["change"]
    assert session.facts.card["precision"]["change"] == change
    assert (change["clips"], change["left_in_float"]) == (32, [])
    assert change["same_top1"] > 0.8  # of a network that was not trained, and has close seconds
    answer, logits = session.run(clips_of_noise)["logits"], np.asarray(network(clips_of_noise, training=False))
    assert 1e-4 < np.abs(answer - logits).max() / np.ptp(logits) < 0.2  # it is not float32, and near it
    kinds = [op.get_type_name() for op in openvino.Core().read_model(path).get_ops()]
    assert kinds.count("FakeQuantize") >= 10


@pytest.mark.backends
@pytest.mark.parametrize(("kind", "suffix", "marks"), [("onnx", ".onnx", onnx_marks),
                                                       ("litert", ".tflite", litert_marks)])
def test_the_other_runtimes_compute_in_eight_bits_too(network, calibration, clips_of_noise, tmp_path, runtime,
                                                      monkeypatch, kind, suffix, marks):
    runtime(kind)
    changes = iter([{"top1_before": 0.9, "top1_after": 0.8}, {"top1_before": 0.9, "top1_after": 0.9}])
    monkeypatch.setattr(int8, "change_of_scores", lambda *_: next(changes))  # so that both ways are gone
    path, report = model_file.export_file(network, tmp_path / "a", LABELS, format=kind, calibration=calibration,
                                          judged=(calibration[:2], np.zeros(2, int)))
    assert [file.name for file in tmp_path.iterdir()] == [f"a{suffix}"]
    change = report["change"]
    assert report["axes"] == 4
    assert 1 <= len(change["left_in_float"]) < len(change["worst_layers"])
    assert change["left_in_float"] == list(change["worst_layers"])[:len(change["left_in_float"])]
    session = open_file(path)
    assert (session.facts.labels, session.facts.card["precision"]["quantize"]) == (tuple(LABELS), "int8 arithmetic")
    logits = np.asarray(network(clips_of_noise[:1], training=False))
    assert 1e-4 < np.abs(session.run(clips_of_noise[:1])["logits"] - logits).max() / np.ptp(logits) < 0.2
    assert marks(tmp_path / f"a{suffix}") >= 10


@pytest.mark.backends
def test_what_loses_more_than_a_point_keeps_its_worst_layers_in_float(network, calibration, tmp_path, runtime,
                                                                      monkeypatch):
    runtime("int8")
    import openvino

    changes = iter([{"top1_before": 0.9, "top1_after": after} for after in (0.8, 0.85, 0.9)])
    monkeypatch.setattr(int8, "change_of_scores", lambda *_: next(changes))
    path, report = model_file.export_file(network, tmp_path / "a", LABELS, format="openvino", calibration=calibration,
                                          judged=(calibration[:2], np.zeros(2, int)))
    change = report["change"]
    errors = list(change["worst_layers"].values())
    assert errors == sorted(errors, reverse=True)
    assert 0 < errors[0] < 0.5
    operations = {op.get_friendly_name(): op for op in openvino.Core().read_model(path).get_ops()}
    for layer in change["left_in_float"]:  # which no 8-bit number enters any more
        assert operations[layer_errors.openvino_name(layer)].input_value(0).get_node().get_type_name() != "FakeQuantize"
    kept = len(change["left_in_float"])
    heavy = sum(op.get_type_name() in layer_errors.HEAVY_OPENVINO for op in operations.values())
    assert kept == -(-heavy // 4)


def test_errors_are_what_a_layer_adds_to_its_input():
    rng = np.random.default_rng(0)
    right = [{name: rng.normal(size=1000) for name in "abc"} for _ in range(2)]
    noise = {"a": 0.0, "b": 0.3, "c": 0.5}  # of each tensor, beside numbers about 1

    def found(part):
        return {name: values + noise[name] * rng.normal(size=1000) for name, values in part.items()}

    errors = layer_errors.added({"one": ("a", "b"), "two": ("b", "c"), "back": ("c", "b")}, lambda part: part, found,
                                right)
    assert list(errors) == ["two", "one", "back"]
    np.testing.assert_allclose(list(errors.values()), [0.4, 0.3, 0.0], atol=0.03)


@pytest.mark.parametrize(("options", "message"), [
    ({"format": "openvino", "calibration": np.zeros((99, 4, 32, 32, 3), "uint8")},
     r"calibrated on 100 to 500 clips\. Received: 99\. Name more videos"),
    ({"format": "openvino", "calibration": np.zeros((100, 4, 32, 16, 3), "uint8")},
     r"must be uint8 of shape \(n, 4, 32, 32, 3\)\. Received: uint8 \(100, 4, 32, 16, 3\)"),
])
def test_what_cannot_be_calibrated_on(network, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        model_file.export_file(network, tmp_path / "a", LABELS, **options)
    assert list(tmp_path.iterdir()) == []
