"""One network of each kind of layer becomes ONNX, OpenVINO and LiteRT and answers as in Keras.

All kinds, of which these have every layer, are tried by `python benchmarks/runtimes.py --family`, which takes minutes.
"""

import numpy as np
import pytest
import tensorflow as tf

from res3d.private_keras import layers_inside
from serving.exporter.network import Network
from serving.exporter.runtimes.graph import answering
from serving.exporter.runtimes.model_file import FORMATS
from serving.session.runtimes.contract import Facts
from serving.session.runtimes.opening import open_file
from tests.res3d.catalogue import CLASSES, CLIP, MODELS, pixels, stir, tiny

KINDS = ("r2plus1d_r50", "wrn_16_4", "kenshohara_preact_r3d_50", "i3d_nl_r50", "ip_csn_50", "x3d_s",
         "slowfast_r50_4x16", "r3d_rs_50", "tsm_r50", "tam_r50", "medicalnet_18", "plain3d_5")

DILATED = ("medicalnet_18",)  # LiteRT has no convolution over time that steps inside itself


@pytest.mark.backends
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", KINDS)
def test_each_kind_answers_the_same(name, tmp_path, runtime):
    model, clips = stir(tiny(name)), pixels(2)
    network = Network(model, CLIP)
    logits = network(tf.constant(clips)).numpy()
    for extra, (suffix, write) in FORMATS.items():
        runtime(extra)
        batch = 1 if extra == "litert" else None
        function = answering(network, CLIP, multi_label=False, batch=batch)
        texts = Facts(CLIP, ("label",) * CLASSES, {}).to_texts()
        if name in DILATED and extra == "litert":
            with pytest.raises(ValueError, match=r"Received one with SpaceToBatchND, in '.*conv_a"):
                write(function, tmp_path / f"m{suffix}", texts, network.variables)
            continue
        path = write(function, tmp_path / f"m{suffix}", texts, network.variables)
        found = open_file(path).run(clips[:batch])["logits"]
        np.testing.assert_allclose(found, logits[:batch], rtol=0, atol=1e-4 * np.ptp(logits), err_msg=extra)
        assert (found.argmax(1) == logits[:batch].argmax(1)).all()


@pytest.mark.slow
def test_the_kinds_have_every_layer_of_the_family():
    def layers(names):
        return {type(layer).__name__ for name in names for layer in layers_inside(tiny(name))}

    assert layers(KINDS) == layers(MODELS)
