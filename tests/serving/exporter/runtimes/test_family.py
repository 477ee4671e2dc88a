"""One network of each kind of layer becomes ONNX, OpenVINO and LiteRT and answers as in Keras.

All kinds, of which these have every layer, are tried in LiteRT by `make test-family`, and in every runtime by `python
benchmarks/runtimes.py --family`, which takes minutes.
"""

import numpy as np
import pytest
import tensorflow as tf

from res3d.private_keras import layers_inside
from serving.exporter.network import Network
from serving.exporter.runtimes.graph import answering
from serving.exporter.runtimes.litert_file import write_litert
from serving.exporter.runtimes.model_file import FORMATS
from serving.session.runtimes.contract import Facts
from serving.session.runtimes.opening import open_file
from tests.res3d.catalogue import CLASSES, CLIP, KINDS, MODELS, pixels, stir, tiny
from tests.serving.exporter.runtimes.test_four_axes import litert_content


@pytest.mark.backends
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", KINDS)
def test_each_kind_answers_the_same(name, tmp_path, runtime):
    model, clips = stir(tiny(name)), pixels(2)
    network = Network(model, CLIP)
    logits = network(tf.constant(clips)).numpy()
    for extra, (suffix, write) in FORMATS.items():
        runtime(extra)
        batch, axes = (1, 4) if extra == "litert" else (None, 5)
        function = answering(network, CLIP, multi_label=False, batch=batch, axes=axes)
        texts = Facts(CLIP, ("label",) * CLASSES, {}, axes).to_texts()
        path = write(function, tmp_path / f"m{suffix}", texts, network.variables)
        found = open_file(path).run(clips[:batch])["logits"]
        np.testing.assert_allclose(found, logits[:batch], rtol=0, atol=1e-4 * np.ptp(logits), err_msg=extra)
        assert (found.argmax(1) == logits[:batch].argmax(1)).all()
        if extra == "litert":
            assert litert_content(path) == (set(), 4)


@pytest.mark.backends
def test_litert_has_no_convolution_over_time_that_steps_inside_itself(tmp_path, runtime):
    runtime("litert")
    network = Network(stir(tiny("medicalnet_10")), CLIP)
    with pytest.raises(ValueError, match=r"one with SpaceToBatchND, in '.*conv_a.*'\. Export it with four"):
        write_litert(answering(network, CLIP, False, 1), tmp_path / "m.tflite", {}, network.variables)


@pytest.mark.slow
def test_the_kinds_have_every_layer_of_the_family():
    def layers(names):
        return {type(layer).__name__ for name in names for layer in layers_inside(tiny(name))}

    assert layers(KINDS) == layers(MODELS)
