"""From a run of spans to a server that finds them: what is served is what is found offline, to the digit."""

import json
import pathlib

import numpy as np
import pytest

from pipelines.sample.streaming import taken_frames
from res3d.__main__ import main
from res3d.spans import SpanSpec, decode, probabilities
from res3d.workflows.spans.evaluate import load_spans_run
from res3d.workflows.spans.predict import follow, predict_spans
from res3d.workflows.spans.scoring import find_spans, step_scores
from serving import Client

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def loaded(untrained):
    return load_spans_run(untrained)


def test_an_export_tells_its_contract_and_how_it_was_verified(version, untrained):
    spec = SpanSpec.load(untrained.spans_file)
    assert SpanSpec.load(version / "assets.extra" / "spans.json") == spec
    card = json.loads((version / "assets" / "model_card.json").read_text())
    assert SpanSpec.from_dict(card["spans"]) == spec
    checked = {check["signature"] for check in card["verified"]["checks"]}
    assert checked == {"serving_default", "predict_jpeg", "predict_raw", "spans", "describe"}


def test_served_spans_are_those_found_offline_to_the_digit(server, loaded, long_video):
    model, clip, spec = loaded
    offline = [span for span in find_spans(model, clip, spec, long_video)[0] if span.score >= spec.threshold]
    assert {"jump"} < {span.label for span in offline}  # an instant, and what lasts
    for address in (f"grpc://{server.grpc_address}/events", f"http://{server.rest_address}/events"):
        with Client(address) as client:
            assert client.spans == spec
            assert client.find_spans(long_video) == sorted(offline, key=lambda span: span.start)


def test_scores_come_live_as_they_do_offline(loaded, long_video):
    model, clip, spec = loaded
    offline, live = (np.concatenate(list(step_scores(model, clip, spec, long_video, at_once))) for at_once in (4, 1))
    assert len(offline) == 60
    np.testing.assert_allclose(live, offline, atol=1e-5)  # other batches, other sums in float32


def test_one_window_is_decoded_in_the_graph(server, loaded, long_video):
    model, clip, spec = loaded
    frames = np.stack(list(taken_frames(long_video, clip)))[None, 20:32]
    expected = decode(probabilities(model.predict_on_batch(frames)[0], spec), spec)
    with Client(f"grpc://{server.grpc_address}/events") as client:
        answer = client.predict("spans", {"clip": frames})
    found = list(zip(*(answer[name][0] for name in ("starts", "ends", "labels", "scores"))))
    assert len(found) == 100
    assert {(label, float(score)) for _, _, label, score in found[len(expected):]} == {("", 0.0)}
    for (start, end, label, score), span in zip(found, expected):
        assert label == span.label
        np.testing.assert_allclose([start, end, score], [span.start, span.end, span.score], atol=1e-5)  # float32


def test_the_command_asks_a_server_as_it_asks_a_model(server, untrained, long_video, tmp_path, capsys):
    asked = f"--server=http://{server.rest_address}/events"
    assert main(["predict", long_video, asked, f"--output={tmp_path / 'a.csv'}", "--json"]) in (0, None)
    answers = json.loads(capsys.readouterr().out)
    assert answers == predict_spans(untrained, [long_video], tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert main(["predict", long_video, asked, "--sliding"]) in (0, None)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events == list(follow(untrained, [long_video]))
    assert events
    assert main(["predict", str(pathlib.Path(long_video).with_name("none.avi")), asked]) == 1


@pytest.mark.parametrize(("flag", "says"), [
    ("--multi_label", "`--multi_label` is for clips"),
    ("--format=onnx", "`--format` is for clips. Received --format=onnx with a run of task spans"),
    ("--dtype=bfloat16", "`--dtype` is for clips"),
])
def test_what_an_export_of_spans_has_no_use_for_is_refused(untrained, tmp_path, flag, says, capsys):
    assert main(["export", f"--workdir={untrained}", f"--output={tmp_path / 'x'}", flag]) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
