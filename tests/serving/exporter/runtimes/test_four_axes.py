"""LiteRT files in four axes: read as what they are, they hold built-in operations and no tensor of five axes."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from serving.exporter.network import Network
from serving.exporter.runtimes import model_file
from serving.exporter.runtimes.graph import answering
from serving.exporter.runtimes.litert_file import write_litert
from serving.session.runtimes.contract import Facts
from serving.session.runtimes.opening import open_file
from tests.res3d.catalogue import CLASSES, CLIP, MODELS, pixels, stir, tiny

ALLOWED = {"ADD", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CAST", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DIV",
           "FULLY_CONNECTED", "LOGISTIC", "MAXIMUM", "MAX_POOL_2D", "MEAN", "MINIMUM", "MUL", "PAD", "RESHAPE",
           "SOFTMAX", "SPLIT", "SQRT", "SQUARE", "STRIDED_SLICE", "SUB", "SUM"}

pytestmark = pytest.mark.backends


def litert_content(path):
    """(the operations of a file that no phone may know, the most axes of a tensor in it)."""
    from ai_edge_litert import schema_py_generated as schema

    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    model = schema.ModelT.InitFromPackedBuf(pathlib.Path(path).read_bytes(), 0)
    operations = {names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes}
    return operations - ALLOWED, max(len(tensor.shape) for graph in model.subgraphs for tensor in graph.tensors
                           if tensor.shape is not None)


@pytest.mark.whole_family
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MODELS)
def test_each_kind_of_network(name, tmp_path, runtime):
    runtime("litert")
    network, clips = Network(stir(tiny(name)), CLIP), pixels(1)
    logits = network(tf.constant(clips)).numpy()
    texts = Facts(CLIP, ("label",) * CLASSES, {}, axes=4).to_texts()
    path = write_litert(answering(network, CLIP, False, 1, 4), tmp_path / "m.tflite", texts, network.variables)
    assert litert_content(path) == (set(), 4)
    found = open_file(path).run(clips)["logits"]
    np.testing.assert_allclose(found, logits, rtol=0, atol=1e-4 * np.ptp(logits))


@pytest.mark.parametrize("kind", ["onnx", "openvino", "litert"])
def test_a_file_in_four_axes_is_asked_like_any_other(network, clip, clips_of_noise, tmp_path, runtime, kind):
    runtime(kind)
    path, report = model_file.export_file(network, tmp_path / "a", format=kind, axes=4, batch=2)
    session = open_file(path)
    assert (report["axes"], session.facts.axes, session.batch) == (4, 4, 2)
    logits = np.asarray(network(clips_of_noise, training=False))
    np.testing.assert_allclose(session.run(clips_of_noise)["logits"], logits, atol=1e-5 * np.ptp(logits))
    with pytest.raises(ValueError, match=r"takes uint8 clips of shape \(2, 4, 32, 32, 3\)\. Received: uint8 \(1, 4"):
        session.run(clips_of_noise[:1])


def test_litert_gets_four_axes_where_it_can_and_five_where_it_is_told(network, clip, tmp_path, runtime):
    runtime("litert")
    path, report = model_file.export_file(network, tmp_path / "a", format="litert")
    assert (report["axes"], litert_content(path)[1]) == (4, 4)
    path, report = model_file.export_file(network, tmp_path / "b", format="litert", axes=5)
    assert (report["axes"], litert_content(path)[1]) == (5, 5)


def test_a_layer_without_a_rule_is_named_and_leaves_litert_at_five(clip, tmp_path, runtime):
    import keras

    runtime("litert")
    clips = keras.Input(clip.shape)
    x = keras.layers.Conv3D(2, 3, 2, name="odd")(clips)
    model = keras.Model(clips, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling3D()(x)))
    options = {"format": "litert", "clip": clip, "activation": "logits"}
    assert model_file.export_file(model, tmp_path / "a", **options)[1]["axes"] == 5
    with pytest.raises(ValueError, match=r"made of layers of the family\. Received: layer 'odd' \(Conv3D\)\. Export"):
        model_file.export_file(model, tmp_path / "b", axes=4, **options)
    assert [file.name for file in tmp_path.iterdir()] == ["a.tflite"]
