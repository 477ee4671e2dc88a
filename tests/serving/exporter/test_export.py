"""An export answers as Keras does, in every signature, in the code that TensorFlow Serving runs."""

import json
import logging

import numpy as np
import pytest
import tensorflow as tf

import serving
from pipelines.video import opencv
from res3d.geometry import ClipSpec
from serving.exporter import fold, staging
from serving.session.csession import CSession
from serving.session.errors import SessionError
from serving.verify import warmup_requests
from tests.res3d.catalogue import stir, tiny

LABELS = ["archery", "jump rope", "walking café"]


def keras_scores(network, clips):
    logits = np.asarray(network(clips, training=False))
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return logits, powers / powers.sum(1, keepdims=True)


def strings(value):
    return np.array(value, object)


def test_signatures_and_what_they_declare(session, clip):
    assert set(session.signatures) == {"serving_default", "predict_jpeg", "predict_raw", "predict_gif", "predict_views",
                                       "predict_jpeg_views", "classify", "features", "describe"}
    default = session.signatures["serving_default"]
    assert default.method_name == "tensorflow/serving/predict"
    assert (default.inputs["clip"].dtype, default.inputs["clip"].shape) == (4, (-1, *clip.shape))
    assert {name: (out.dtype, out.shape) for name, out in default.outputs.items()} == {
        "scores": (1, (-1, 3)), "logits": (1, (-1, 3)), "top_scores": (1, (-1, 3)), "top_classes": (7, (-1, 3))}
    assert session.signatures["predict_jpeg"].inputs["frames_bytes"].shape == (-1, clip.frames)


def test_default_answers_as_keras(session, network, clips_of_noise):
    answer = session.call("serving_default", {"clip": clips_of_noise})
    logits, scores = keras_scores(network, clips_of_noise)
    np.testing.assert_allclose(answer["logits"], logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(answer["scores"], scores, atol=1e-5)
    best = np.argsort(-scores, 1)
    np.testing.assert_allclose(answer["top_scores"], np.take_along_axis(scores, best, 1), atol=1e-5)
    named = [[name.decode() for name in row] for row in answer["top_classes"]]
    assert named == [[LABELS[i] for i in row] for row in best]


def test_raw_bytes_are_the_same_pixels(session, clips_of_noise):
    whole = session.call("serving_default", {"clip": clips_of_noise})
    raw = session.call("predict_raw", {"clip_bytes": strings([clip.tobytes() for clip in clips_of_noise])})
    np.testing.assert_array_equal(raw["scores"], whole["scores"])


@pytest.mark.parametrize(("extension", "tolerance"), [(".png", 0), (".jpg", 1e-4)])
def test_frames_decoded_outside_give_the_same_scores(session, network, clips_of_noise, extension, tolerance):
    files = [[opencv.encode_image(frame, extension, 85) for frame in clip] for clip in clips_of_noise]
    decoded = np.array([[opencv.decode_image(file) for file in row] for row in files])
    answer = session.call("predict_jpeg", {"frames_bytes": strings(files)})
    np.testing.assert_allclose(answer["scores"], keras_scores(network, decoded)[1], atol=max(tolerance, 1e-6))


@pytest.mark.parametrize(("height", "width"), [(48, 64), (64, 48), (37, 90), (32, 33), (240, 320)])
def test_larger_frames_are_resized_and_cropped_as_the_clip_says(session, clip, height, width):
    picture = np.random.default_rng(1).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    picture = opencv.resize_image(picture, (height, width))  # smooth, as pictures are
    cut = clip.cut(height, width)
    cropped = cut.cropped(opencv.resize_image(picture, cut.size))
    files = [opencv.encode_image(picture, ".png")] * clip.frames
    answer = session.call("predict_jpeg", {"frames_bytes": strings([files])})
    expected = session.call("serving_default", {"clip": np.stack([cropped] * clip.frames)[None]})
    # Bilinear in fixed point (OpenCV) and in float (TensorFlow) round a few pixels apart, by one grey level.
    np.testing.assert_allclose(answer["scores"], expected["scores"], atol=2e-3)


SPECS = [ClipSpec(), ClipSpec(height=112, width=96), ClipSpec(height=60, width=200, resize=64),
         ClipSpec(height=200, width=60, resize=64), ClipSpec(resize=(128, 171))]


@pytest.mark.parametrize("spec", SPECS)
def test_cuts_of_a_graph_are_the_clips_own(spec):
    @tf.function
    def parts(height, width):
        cut = spec.cut(height, width, xp=tf)
        return tf.stack([*cut.box, *cut.size, *cut.crop])

    for height, width in np.random.default_rng(0).integers(30, 700, (40, 2)).astype(np.int32):
        cut = spec.cut(int(height), int(width))
        assert parts(height, width).numpy().tolist() == [*cut.box, *cut.size, *cut.crop]


def test_frames_of_the_clips_size_are_taken_as_they_are():
    from serving.exporter.frames import fit

    ramp = np.arange(112 * 112 * 3, dtype=np.uint8).reshape(1, 112, 112, 3)
    np.testing.assert_array_equal(fit(ramp, ClipSpec()), ramp)


@pytest.mark.slow
def test_views_are_averaged(session, network, clips_of_noise):
    answer = session.call("predict_views", {"clips": clips_of_noise[None]})
    logits, scores = keras_scores(network, clips_of_noise)
    np.testing.assert_allclose(answer["scores"], scores.mean(0, keepdims=True), atol=1e-5)
    np.testing.assert_allclose(answer["logits"], logits.mean(0, keepdims=True), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_gif_frames_are_spread_evenly(session, clip):
    from serving.verify import gif

    grey = np.random.default_rng(2).integers(0, 128, (10, 32, 32)).astype(np.uint8) * 2
    answer = session.call("predict_gif", {"gif_bytes": strings([gif.encode(grey)])})
    chosen = np.repeat(grey[[1, 3, 6, 8]][..., None], 3, -1)  # the middles of four parts of ten frames
    expected = session.call("serving_default", {"clip": chosen[None]})
    np.testing.assert_array_equal(answer["scores"], expected["scores"])


def test_classify_reads_examples(session, clips_of_noise):
    files = [[opencv.encode_image(frame) for frame in clip] for clip in clips_of_noise]
    examples = [warmup_requests.frames_example(row).SerializeToString() for row in files]
    answer = session.call("classify", {"inputs": strings(examples)})
    expected = session.call("predict_jpeg", {"frames_bytes": strings(files)})
    np.testing.assert_array_equal(answer["classes"], expected["top_classes"])
    np.testing.assert_array_equal(answer["scores"], expected["top_scores"])


@pytest.mark.slow
def test_features_are_what_the_classifier_sees(session, network, clips_of_noise):
    import keras

    expected = keras.Model(network.input, network.get_layer("logits").input)(clips_of_noise)
    found = session.call("features", {"clip": clips_of_noise})["features"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_describe_tells_clip_and_card_to_any_client(session, clip):
    answer = session.call("describe", {"query": strings([b"anything", b"else"])})
    assert ClipSpec.from_json(answer["clip_spec"][1].decode()) == clip
    card = json.loads(answer["model_card"][0])
    assert (card["labels"], card["model"], card["precision"]["dtype"]) == (LABELS, "r3d_10", "float32")


def test_describe_answers_a_few_strings_only(session):
    assert len(session.call("describe", {"query": strings([b""] * 64)})["model_card"]) == 64
    with pytest.raises(SessionError, match="at most 64 strings"):
        session.call("describe", {"query": strings([b""] * 20_000)})


@pytest.mark.parametrize(("signature", "alias", "value"), [
    ("serving_default", "clip", np.zeros((1, 3, 32, 32, 3), np.uint8)),
    ("serving_default", "clip", np.zeros((4, 32, 32, 3), np.uint8)),
    ("predict_jpeg", "frames_bytes", np.array([[b"x"] * 3], object)),
    ("predict_raw", "clip_bytes", np.array([b"123"], object)),
    ("predict_jpeg", "frames_bytes", np.array([[b"no picture"] * 4], object)),
])
def test_wrong_inputs_are_refused_by_the_graph(session, signature, alias, value):
    with pytest.raises(SessionError) as refused:
        session.call(signature, {alias: value})
    assert refused.value.code == 3  # INVALID_ARGUMENT


def test_files_that_travel_along(exported, clip):
    for folder in ("assets", "assets.extra"):
        assert (exported / folder / "labels.txt").read_text(encoding="utf-8").splitlines() == LABELS
        assert ClipSpec.load(exported / folder / "clip.json") == clip
        card = json.loads((exported / folder / "model_card.json").read_text(encoding="utf-8"))
    assert card["precision"]["folded_norms"] == 12
    assert card["answers"] == "scores within 1e-5 of model.predict: batch norms are folded"
    assert card["verified"]["warmup"] == 9
    assert {(check["signature"], check["batch"]) for check in card["verified"]["checks"]} == {
        (name, batch) for name in card["signatures"] for batch in (1, 2)}
    assert sorted(path.name for path in exported.parent.iterdir()) == ["1"]


@pytest.mark.slow
def test_folding_leaves_the_model_as_it_was_and_saves_the_work(exported, network, clips_of_noise, tmp_path):
    before = np.asarray(network(clips_of_noise))
    plain = serving.export(network, tmp_path / "plain", LABELS, fold=False, verified=False)
    np.testing.assert_array_equal(np.asarray(network(clips_of_noise)), before)
    with CSession(plain, threads=1) as session:
        np.testing.assert_allclose(session.call("serving_default", {"clip": clips_of_noise})["logits"], before,
                                   rtol=1e-5, atol=1e-5)
    size = sum(file.stat().st_size for file in (exported / "variables").iterdir())
    assert size < sum(file.stat().st_size for file in (tmp_path / "plain/1/variables").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(("options", "size", "tolerance"), [
    ({"quantize": "int8"}, 0.5, 0.02),
    pytest.param({"dtype": "bfloat16"}, 0.7, 0.05, marks=pytest.mark.slow),
])
def test_smaller_exports_say_what_they_changed(exported, network, clips_of_noise, tmp_path, options, size, tolerance):
    path = serving.export(network, tmp_path / "actions", LABELS, samples=(clips_of_noise, np.array([0, 1])), **options)
    card = json.loads((staging.pathlib.Path(path) / "assets.extra/model_card.json").read_text(encoding="utf-8"))
    change = card["precision"]["change"]
    assert change["clips"] == 2
    assert 0 < change["largest_score_change"] < tolerance
    assert {"same_top1", "top1_before", "top1_after"} <= set(change)
    with CSession(path, threads=1) as session:
        answer = session.call("serving_default", {"clip": clips_of_noise})
    assert answer["scores"].dtype == np.float32
    np.testing.assert_allclose(answer["scores"], keras_scores(network, clips_of_noise)[1], atol=tolerance)
    data = "variables/variables.data-00000-of-00001"
    assert (staging.pathlib.Path(path) / data).stat().st_size < size * (exported / data).stat().st_size


@pytest.mark.slow
def test_sigmoid_scores_for_several_labels(network, clips_of_noise, tmp_path):
    path = serving.export(network, tmp_path / "tags", LABELS, multi_label=True, verified=False)
    with CSession(path, threads=1) as session:
        answer = session.call("serving_default", {"clip": clips_of_noise})
    np.testing.assert_allclose(answer["scores"], 1 / (1 + np.exp(-answer["logits"])), atol=1e-6)


@pytest.mark.slow
def test_a_plain_keras_model_with_its_clip_given(tmp_path, clips_of_noise):
    import keras

    clip = ClipSpec(frames=4, stride=1, height=32, width=32, mean=(0.5,), std=(0.25,))
    inputs = keras.Input(clip.shape)
    hidden = keras.layers.GlobalAveragePooling3D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(hidden))
    path = serving.export(model, tmp_path / "plain", LABELS, clip=clip)
    with CSession(path, threads=1) as session:
        answer = session.call("serving_default", {"clip": clips_of_noise})
    np.testing.assert_allclose(answer["scores"], model((clips_of_noise / 255 - 0.5) / 0.25), atol=1e-5)


@pytest.mark.slow
def test_versions_follow_one_another(network, tmp_path):
    (tmp_path / "00000007").mkdir()
    (tmp_path / "12.part").mkdir()
    options = {"labels": LABELS, "verified": False}
    assert serving.export(network, tmp_path, **options).endswith("/8")
    assert serving.export(network, tmp_path, version=20, **options).endswith("/20")
    with pytest.raises(FileExistsError, match=r"number that is free. Version 20 is in .* already. Leave"):
        serving.export(network, tmp_path, version=20, **options)
    assert staging.versions(tmp_path) == [7, 8, 20]


@pytest.mark.slow
def test_nothing_is_logged_but_what_matters(network, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        serving.export(network, tmp_path, LABELS, verified=False)
    assert not [record for record in caplog.records if "unsupported characters" in record.message]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "norms_folded"), [
    ("r2plus1d_18", 1), ("x3d_s", 1), ("slowfast_r50_4x16", 1), ("ir_csn_50", 1), ("tsm_r50", 1),
    ("kenshohara_preact_r3d_18", 1 / 3), ("resnet_18_v2", 0),  # norms before their convolution stay
])
def test_norms_that_are_folded(name, norms_folded):
    model = tiny(name)
    norms = sum(variable.path.endswith("moving_variance") for variable in model.variables)
    assert len(fold.units(model)) == round(norms * norms_folded)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x3d_s", "slowfast_r50_4x16", "tsm_r50", "i3d_nl_r50", "resnet_18_v2"])
def test_every_kind_of_network_exports(name, tmp_path):
    model = stir(tiny(name))
    card = json.loads((staging.pathlib.Path(serving.export(model, tmp_path)) / "assets/model_card.json").read_text())
    assert card["precision"]["folded_norms"] == len(fold.units(model))
    assert len(card["signatures"]) == 9
