"""All who score a `.keras` file give the scores that its network gives: predict, sliding windows, protocols."""

import json

import keras
import numpy as np
import pytest
from keras import ops

import res3d
from pipelines.sample.clips import centre_clip
from pipelines.video import reading
from res3d.workflows.loading import load_network, load_trained
from res3d.workflows.predict import predict

CLIP = res3d.ClipSpec(4, 1, height=32, width=32, resize=32)


def network(activation, end=None):
    keras.utils.set_random_seed(0)
    model = res3d.build("r3d_10", 3, CLIP, width=0.125, activation=activation)
    model.get_layer("logits").kernel.assign(np.random.default_rng(0).normal(size=(64, 3)) * 4)
    return model if end is None else keras.Model(model.inputs[0], end(model.outputs[0]), name="ended")


@pytest.fixture(scope="module")
def video(motion):
    return next((motion / "val").rglob("*.avi"))


ENDS = {"softmax": lambda: network("softmax"), "sigmoid": lambda: network("sigmoid"),
        "linear after softmax": lambda: network("softmax", keras.layers.Activation("linear")),
        "op": lambda: network(None, ops.sigmoid)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "sigmoid" else pytest.mark.slow)
                                  for name in ENDS])
def test_predict_and_windows_give_the_scores_of_the_network(name, video, tmp_path, console):
    model = ENDS[name]()
    model.save(tmp_path / "m.keras")
    pixels = reading.read_clip(video, centre_clip(reading.probe(video), CLIP), CLIP)
    expected = ops.convert_to_numpy(model(pixels[None]))[0]
    assert np.ptp(expected) > 0.05
    found = {row["label"]: row["score"] for row in predict(tmp_path / "m.keras", [video])[0]["top"]}
    np.testing.assert_allclose([found[str(i)] for i in range(3)], expected, atol=1e-5)
    code, out, _ = console("predict", "--sliding", video, f"--model={tmp_path / 'm.keras'}", "--step=1")
    assert code == 0
    windows = [{row["label"]: row["score"] for row in json.loads(line)["top"]} for line in out.splitlines()]
    total = {sum(window.values()) for window in windows}
    if "softmax" in name:
        np.testing.assert_allclose(list(total), 1, atol=1e-5)
    start = centre_clip(reading.probe(video), CLIP)[0]
    np.testing.assert_allclose([windows[start][str(i)] for i in range(3)], expected, atol=1e-5)


@pytest.mark.slow
def test_a_protocol_of_wider_crops_averages_the_scores(video, tmp_path):
    network("softmax").save(tmp_path / "m.keras")
    network(None).save(tmp_path / "n.keras")
    shares, logits = (predict(tmp_path / name, [video], protocol="full_video")[0]["top"]
                      for name in ("m.keras", "n.keras"))
    assert [row["label"] for row in shares] == [row["label"] for row in logits]
    np.testing.assert_allclose([row["score"] for row in shares], [row["score"] for row in logits], atol=1e-5)


@pytest.mark.slow
def test_the_best_of_a_run_with_several_labels_is_no_other_network(trained, tmp_path):
    for name in ("best.keras", "labels.txt", "clip.json", "recipe.yaml"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    assert load_network(tmp_path / "best.keras")[3] is False
    recipe = (tmp_path / "recipe.yaml").read_text()
    assert "multi_label: false" in recipe
    (tmp_path / "recipe.yaml").write_text(recipe.replace("multi_label: false", "multi_label: true"))
    assert load_network(tmp_path)[3] is True
    assert load_network(tmp_path / "best.keras")[3] is True
    (tmp_path / "best.keras").rename(tmp_path / "other.keras")
    assert load_network(tmp_path / "other.keras")[3] is False


@keras.saving.register_keras_serializable("tests")
class Unseen(keras.layers.Layer):
    """Chances, and nothing that says so."""

    def call(self, x):
        return ops.sigmoid(x)


@pytest.mark.slow
def test_what_is_not_clear_is_asked_for(video, tmp_path, console):
    network(None, Unseen()).save(tmp_path / "m.keras")
    code, _, err = console("predict", video, f"--model={tmp_path / 'm.keras'}")
    assert code == 1
    assert "It must be clear whether a model gives logits, a softmax or sigmoids" in err
    code, out, _ = console("predict", video, f"--model={tmp_path / 'm.keras'}", "--activation=sigmoid", "--json")
    assert code == 0
    model, *_ = load_trained(tmp_path / "m.keras")
    pixels = reading.read_clip(video, centre_clip(reading.probe(video), CLIP), CLIP)
    expected = np.sort(ops.convert_to_numpy(model(pixels[None]))[0])[::-1]
    np.testing.assert_allclose([row["score"] for row in json.loads(out)[0]["top"]], expected, atol=1e-5)


@pytest.mark.slow
def test_a_heat_map_of_a_network_that_gives_scores(video, tmp_path, console):
    network("softmax").save(tmp_path / "m.keras")
    code, _, err = console("predict", video, f"--model={tmp_path / 'm.keras'}", f"--explain={tmp_path / 'x.avi'}")
    assert (code, "explained in" in err) == (0, True)
    assert (tmp_path / "x.avi").stat().st_size > 1000
