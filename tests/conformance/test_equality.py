"""What is served equals what Keras says: bit for bit for uint8 clips, within the JPEG's own error for pictures."""

import base64

import keras
import numpy as np
import pytest

import res3d
import serving
from pipelines.video import opencv
from serving.tensors import tensor_proto
from serving.tensors.protos import predict_pb2, prediction_service_pb2_grpc

pytestmark = pytest.mark.slow
CLIP = res3d.ClipSpec(frames=4, stride=2, height=32, width=32)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    return res3d.build("r3d_10", num_classes=5, clip=CLIP, width=0.25)


@pytest.fixture(scope="module")
def actions(serve, network, tmp_path_factory):
    """An export served with as many threads as Keras has, so that sums run in the same order."""
    folder = tmp_path_factory.mktemp("exports") / "actions"
    serving.export(network, folder, labels=list("abcde"), fold=False, verified=False)
    with serve(model_base_path=str(folder), model_name="actions", tensorflow_intra_op_parallelism=0) as running:
        yield running


@pytest.fixture(scope="module")
def clips():
    ramp = np.linspace(0, 255, CLIP.width)[None, :] * np.linspace(0.2, 1, CLIP.height)[:, None]
    moving = np.stack([np.roll(ramp, 3 * i, axis=1) for i in range(2 * CLIP.frames)]).reshape(2, *CLIP.shape[:3])
    return np.repeat(moving[..., None], 3, axis=-1).astype(np.uint8)


def grpc_predict(running, signature, alias, array):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "actions", signature
    request.inputs[alias].CopyFrom(tensor_proto.from_array(array))
    answer = prediction_service_pb2_grpc.PredictionServiceStub(running.channel).Predict(request)
    return {name: tensor_proto.to_array(proto) for name, proto in answer.outputs.items()}


@pytest.mark.parametrize("batch", [1, 2])
def test_uint8_clips_are_bit_equal(actions, network, clips, batch):
    answer = grpc_predict(actions, "serving_default", "clip", clips[:batch])
    np.testing.assert_array_equal(answer["logits"], network.predict(clips[:batch], verbose=0))
    assert answer["scores"].sum(1) == pytest.approx(1, abs=1e-6)  # float32 softmax


def test_rest_says_the_same(actions, clips):
    exact = grpc_predict(actions, "serving_default", "clip", clips)
    for body in ({"instances": clips.tolist()}, {"signature_name": "predict_raw", "instances": [
            {"b64": base64.b64encode(clip.tobytes()).decode()} for clip in clips]}):
        rows = actions.http.post("/v1/models/actions:predict", json=body).json()["predictions"]
        for alias in ("logits", "scores"):
            np.testing.assert_array_equal(np.float32([row[alias] for row in rows]), exact[alias])
        assert [[label.encode() for label in row["top_classes"]] for row in rows] == exact["top_classes"].tolist()


def test_jpeg_differs_by_the_jpeg_alone(actions, network, clips):
    pictures = np.array([[opencv.encode_image(frame, quality=90) for frame in clip] for clip in clips], object)
    decoded = np.array([[opencv.decode_image(picture) for picture in row] for row in pictures])
    answer = grpc_predict(actions, "predict_jpeg", "frames_bytes", pictures)
    logits = network.predict(decoded, verbose=0)
    wanted = np.exp(logits - logits.max(1, keepdims=True))
    # The decoders may round a chroma sample differently: one level in 255, which moves scores by less than this.
    np.testing.assert_allclose(answer["scores"], wanted / wanted.sum(1, keepdims=True), atol=1e-4)
