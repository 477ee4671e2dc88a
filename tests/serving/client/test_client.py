"""The client against two plain servers on real sockets that answer from an export, and fail when they are told to."""

import base64
import concurrent.futures
import http.server
import json
import socket
import threading

import grpc
import numpy as np
import pytest

from pipelines.sample.clips import centre_clip
from pipelines.storage import files
from pipelines.video import opencv, reading, writer
from pipelines.video.info import VideoError
from serving.client import retry
from serving.client.client import Client
from serving.client.retry import ServerError
from serving.tensors import tensor_proto
from serving.tensors.protos import predict_pb2, prediction_service_pb2_grpc

LABELS = ["archery", "jump rope", "walking café"]


class GrpcAnswers(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict from a session; `failures` are status codes to answer first, `typed` the form of the answer."""

    def __init__(self, session):
        self.session, self.failures, self.typed, self.seen = session, [], True, []

    def Predict(self, request, context):  # noqa: N802
        self.seen.append(request)
        if self.failures:
            context.abort(self.failures.pop(0), "told to fail")
        inputs = {alias: tensor_proto.to_array(proto) for alias, proto in request.inputs.items()}
        response = predict_pb2.PredictResponse()
        for alias, array in self.session.call(request.model_spec.signature_name, inputs).items():
            response.outputs[alias].CopyFrom(tensor_proto.from_array(array, typed_fields=self.typed))
        return response


@pytest.fixture(scope="module")
def grpc_server(session):
    answers = GrpcAnswers(session)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(answers, server)
    answers.address = f"grpc://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}/actions"
    server.start()
    yield answers
    server.stop(None).wait()


class RestAnswers(http.server.BaseHTTPRequestHandler):
    """`:predict` in column form; the class attributes say what to do."""

    protocol_version = "HTTP/1.1"
    session, failures, seen = None, (), None

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body, self.client_address))
        if self.failures:
            status, headers = self.failures.pop(0)
            return self.reply(status, {"error": "told to fail"}, headers)
        inputs = {alias: to_array(value) for alias, value in body["inputs"].items()}
        answer = self.session.call(body["signature_name"], inputs)
        outputs = {alias: to_list(array) for alias, array in answer.items()}
        return self.reply(200, {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}, {})

    def do_GET(self):
        self.reply(200, {"model_version_status": [{"version": "3", "state": "AVAILABLE"}]}, {})

    def reply(self, status, content, headers):
        content = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


def to_array(value):
    def plain(part):
        if isinstance(part, dict):
            return base64.b64decode(part["b64"])
        return [plain(item) for item in part] if isinstance(part, list) else part

    value = plain(value)
    flat = np.array(value, object)
    return flat if isinstance(flat.reshape(-1)[0], bytes) else np.array(value, np.uint8)


def to_list(array):
    return json.loads(json.dumps(array.tolist(), default=bytes.decode))


@pytest.fixture(scope="module")
def rest_server(session):
    handler = type("Handler", (RestAnswers,), {"session": session, "failures": [], "seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    handler.address = f"http://127.0.0.1:{server.server_port}/actions"
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["grpc", "rest"])
def server(request):
    found = request.getfixturevalue(f"{request.param}_server")
    found.failures, found.seen[:] = [], []
    return found


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A video file of 20 frames of 48x64 with something moving."""
    y, x = np.mgrid[:48, :64]
    frames = np.array([np.stack([x * 3 + t, y * 4, (x + y + 9 * t) % 256], -1) for t in range(20)], np.uint8)
    path = tmp_path_factory.mktemp("videos") / "film.mp4"
    writer.write_video(path, frames, 25.0)
    return str(path)


def expected_scores(session, film, clip, encode):
    """The scores of the film's middle clip, cut by hand."""
    info = reading.probe(film)
    frames = reading.read_clips(film, [centre_clip(info, clip)], clip)
    if encode:
        frames = np.array([[opencv.decode_image(opencv.encode_image(frame, ".jpg", 95)) for frame in frames[0]]])
    return session.call("serving_default", {"clip": frames})["scores"][0]


@pytest.mark.parametrize("encoding", ["jpeg", "raw"])
def test_a_video_in_its_labels_out(server, session, film, clip, encoding):
    scores = expected_scores(session, film, clip, encoding == "jpeg")
    with Client(server.address, encoding=encoding) as asking:
        assert asking.clip == clip
        assert asking.labels == LABELS
        answer = asking.classify(film, top=2)
    best = np.argsort(-scores)[:2]
    assert [row["label"] for row in answer] == [LABELS[i] for i in best]
    np.testing.assert_allclose([row["score"] for row in answer], scores[best], atol=1e-6)


def test_bytes_in_memory_and_all_labels(grpc_server, film):
    with open(film, "rb") as file, Client(grpc_server.address) as asking:
        answer = asking.classify(file.read(), top=50)
    assert sorted(row["label"] for row in answer) == LABELS
    assert sum(row["score"] for row in answer) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("views", "chosen"), [(1, [[5, 15]]), (2, [[2, 12], [7, 17]])])
def test_frames_are_taken_as_the_served_model_says(film, clip, views, chosen, monkeypatch):
    """Of a film of 20 frames the middle ones of two parts, or shifted within the parts for several views."""
    spec = clip.replace(frames=2, sampling="segments")
    card = json.dumps({"labels": LABELS})
    asking = Client("http://127.0.0.1:1/actions")
    monkeypatch.setattr(asking, "predict", lambda signature, inputs: {
        "describe": {"clip_spec": np.array([spec.to_json()]), "model_card": np.array([card])}}[signature])
    assert asking.clip == spec
    np.testing.assert_array_equal(asking.read_clips(film, views), reading.read_clips(film, chosen, spec))


@pytest.mark.parametrize("views", [1, 3])
def test_a_video_at_an_address_is_fetched_once(grpc_server, film, clip, monkeypatch, views):
    with open(film, "rb") as file:
        content = file.read()
    fetched = []
    monkeypatch.setattr(files, "read_bytes", lambda address: fetched.append(address) or content)
    with Client(grpc_server.address, clip=clip, labels=LABELS) as asking:
        remote = asking.read_clips("s3://bucket/film.mp4", views)
        np.testing.assert_array_equal(remote, asking.read_clips(film, views))
    assert fetched == ["s3://bucket/film.mp4"]


@pytest.mark.parametrize("encoding", ["jpeg", "raw"])
def test_views_go_as_one_request(grpc_server, session, film, clip, encoding):
    grpc_server.seen.clear()
    with Client(grpc_server.address, clip=clip, labels=LABELS, encoding=encoding) as asking:
        answer = asking.classify(film, views=3, top=3)
        clips = asking.read_clips(film, 3)
    assert len(grpc_server.seen) == 1
    scores = session.call("serving_default", {"clip": clips})["scores"].mean(0)
    tolerance = 1e-6 if encoding == "raw" else 0.02
    assert {row["label"]: row["score"] for row in answer} == pytest.approx(dict(zip(LABELS, scores)), abs=tolerance)


def test_typed_fields_and_content_are_read_alike(grpc_server, clip, clips_of_noise):
    answers = []
    with Client(grpc_server.address, clip=clip, labels=LABELS, encoding="raw") as asking:
        for grpc_server.typed in (True, False):
            answers.append(asking.predict("serving_default", {"clip": clips_of_noise}))
    for name in answers[0]:
        np.testing.assert_array_equal(answers[0][name], answers[1][name])


def test_messages_over_four_megabytes_pass(grpc_server, session, monkeypatch, clip):
    large = np.zeros((1, 3_000_000), np.float32)
    monkeypatch.setattr(session, "call", lambda name, inputs: {"large": large + float(inputs["clip"].nbytes)})
    with Client(grpc_server.address, clip=clip, labels=LABELS) as asking:
        answer = asking.predict("serving_default", {"clip": np.zeros((6, 1_000_000), np.uint8)})
    assert answer["large"].shape == (1, 3_000_000)
    assert answer["large"][0, 0] == 6_000_000


def test_many_videos_keep_their_order_and_their_errors(server, film, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    videos = [film, str(broken), film, str(tmp_path / "absent.mp4"), film]
    with Client(server.address) as asking:
        answers = list(asking.classify_many(iter(videos), workers=3))
        single = asking.classify(film)
    assert [source for source, _ in answers] == videos
    assert [answer for _, answer in answers][::2] == [single] * 3
    assert isinstance(answers[1][1], VideoError)
    assert isinstance(answers[3][1], OSError | ValueError)


def test_an_absent_or_busy_server_is_asked_again(server, film):
    busy = (503, {"Retry-After": "0"}) if server.address.startswith("http") else grpc.StatusCode.UNAVAILABLE
    server.failures = [busy] * 3
    with Client(server.address) as asking:
        assert len(asking.classify(film)) == 3
    assert len(server.seen) == 3 + 2  # describe came through at the fourth try


def test_other_refusals_are_final(server, film):
    server.failures = [(429, {}) if server.address.startswith("http") else grpc.StatusCode.RESOURCE_EXHAUSTED]
    with Client(server.address) as asking, pytest.raises(ServerError, match=r"EXHAUSTED: .*told to fail") as refused:
        asking.classify(film)
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    assert len(server.seen) == 1


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_nobody_there(scheme, film):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with (Client(f"{scheme}://127.0.0.1:{port}/actions", retries=1, timeout=20) as asking,
          pytest.raises(ServerError, match=f"UNAVAILABLE: 127.0.0.1:{port} cannot be reached: .*") as refused):
        asking.classify(film)
    assert refused.value.code == "UNAVAILABLE"


def test_a_model_that_does_not_describe_itself(server):
    server.failures = [(400, {}) if server.address.startswith("http") else grpc.StatusCode.FAILED_PRECONDITION]
    with Client(server.address) as asking, pytest.raises(ValueError, match=r"does not tell them: .* Pass clip="):
        _ = asking.clip


@pytest.mark.parametrize("encoding", ["jpeg", "raw"])
@pytest.mark.parametrize(("shape", "dtype"), [((4, 8, 8, 3), "uint8"), ((1, 4, 8, 8, 3), "float32")])
def test_clips_of_another_kind_are_refused_before_they_are_sent(encoding, shape, dtype):
    with (Client("grpc://localhost:1/m", encoding=encoding) as nobody,
          pytest.raises(ValueError, match=rf"Clips must be uint8 \(views, .*Received: {dtype} .*Give one clip")):
        nobody.classify_clips(np.zeros(shape, dtype))


def test_rest_keeps_its_connection_and_names_the_model(rest_server, film):
    rest_server.seen.clear()
    with Client(rest_server.address.replace("/actions", "/v1/models/my%20model/labels/stable")) as asking:
        asking.classify(film)
        assert asking.status() == [(3, "AVAILABLE")]
    assert {path for path, _, _ in rest_server.seen} == {"/v1/models/my%20model/labels/stable:predict"}
    assert len({address for _, _, address in rest_server.seen}) == 1


def test_pauses_grow_up_to_the_deadline():
    now, pauses = [0.0], []

    def sleep(seconds):
        pauses.append(seconds)
        now[0] += seconds

    def fail(left):
        raise ServerError("UNAVAILABLE", "away", retry_after=2 if len(pauses) == 1 else None)

    with pytest.raises(ServerError, match="UNAVAILABLE: away"):
        retry.with_retries(fail, 60, retries=5, sleep=sleep, clock=lambda: now[0])
    assert len(pauses) == 5
    assert pauses[1] == 2  # the server asked for it
    assert 0.05 <= pauses[0] <= 0.1
    assert 0.8 <= pauses[4] <= 1.6
    with pytest.raises(ServerError, match="UNAVAILABLE: away"):
        retry.with_retries(fail, 0.01, retries=5, sleep=sleep, clock=lambda: now[0])
    assert len(pauses) == 5
    with pytest.raises(ServerError, match="DEADLINE_EXCEEDED: no answer within 0 s"):
        retry.with_retries(fail, 0, sleep=sleep, clock=lambda: now[0])
