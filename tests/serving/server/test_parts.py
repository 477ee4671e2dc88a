"""Flags, text protos, metrics and the fallback session: the parts of the server that need no socket."""

import gc
import sys

import numpy as np
import pytest

from serving.errors import CODES, ServingError
from serving.models import inference
from serving.server import flags, run
from serving.server.metrics import Metrics
from serving.server.rest import json_reader
from serving.session.predictor import Predictor
from serving.tensors import textproto


def test_flags_are_read_as_upstream_reads_them():
    values, unknown = flags.parse(["--port=1", "--enable_batching", "--page=false", "--port", "-x", "word",
                                   "--nosuch=1"])
    assert (values["port"], values["enable_batching"], values["page"]) == (1, True, False)
    assert unknown == ["--port", "-x", "word", "--nosuch=1"]
    assert flags.nearest("--enable_batchng=1") == " Did you mean --enable_batching?"


@pytest.mark.parametrize(("argument", "message"), [
    ("--port=x", "--port must be a whole number. Received: 'x'."),
    ("--page=maybe", "--page must be true or false. Received: 'maybe'."),
    ("--drain_seconds=x", "--drain_seconds must be a number. Received: 'x'.")])
def test_flags_that_do_not_fit(argument, message):
    with pytest.raises(ValueError, match=message):
        flags.parse([argument])


def test_every_flag_does_something_or_says_why_not():
    for flag in flags.FLAGS:
        assert bool(flag.help) != bool(flag.unused), flag.name
    assert flags.ignored(flags.defaults()) == []


def test_text_protos():
    config = textproto.parse('prometheus_config { enable: true path: "/m" }', "MonitoringConfig")
    assert (config.prometheus_config.enable, config.prometheus_config.path) == (True, "/m")
    with pytest.raises(ValueError, match=r"Error parsing text-format tensorflow\.serving\.SSLConfig: 1:1 .*no field"):
        textproto.parse("key: 1", "SSLConfig")


def test_text_proto_files_are_named_in_errors(tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(ValueError, match=f"in file '{tmp_path}/f'"):
        textproto.read(tmp_path / "f", "MonitoringConfig")


def test_metrics_count_in_cumulative_buckets():
    metrics = Metrics()
    for seconds in (5e-6, 15e-6, 10.0):
        metrics.answered('a"b', "predict", "REST", "OK", seconds)
    text = metrics.text()
    labels = 'model_name="a\\"b",API="predict",entrypoint="REST"'
    for bound, count in (("10", 1), ("18", 2), ("32.4", 2), ("+Inf", 3)):
        assert f':tensorflow:serving:request_latency_bucket{{{labels},le="{bound}"}} {count}\n' in text
    assert f":tensorflow:serving:request_latency_count{{{labels}}} 3\n" in text
    rate, median = metrics.recent('a"b')
    assert (rate, median) == (0.3, pytest.approx(0.015))


def test_sums_keep_every_digit():
    metrics = Metrics()
    for _ in range(3):
        metrics.answered("m", "Predict", "GRPC", "OK", 1000.0004)
    (total,) = (line for line in metrics.text().splitlines() if "request_latency_sum" in line)
    assert float(total.split()[-1]) == pytest.approx(3000001200, abs=1), "a rate of it would be wrong by the rounding"


@pytest.mark.parametrize("length", [1, 100_000])
def test_made_up_names_share_one_cell_and_push_nobody_out(length):
    metrics = Metrics(known={"mine", "late"}.__contains__)
    metrics.answered("mine", "predict", "REST", "OK", 0.001)
    for i in range(5000):
        metrics.answered(f"{i}" + "x" * length, "predict", "REST", "NOT_FOUND", 0.0)
    for model in ("mine", "late"):
        metrics.answered(model, "predict", "REST", "INVALID_ARGUMENT", 0.0)
    metrics.answered("", "", "REST", "INVALID_ARGUMENT", 0.0)
    lines = [line.partition("request_count")[2] for line in metrics.text().splitlines() if "request_count{" in line]
    assert lines == [
        '{model_name="",status="INVALID_ARGUMENT"} 1', '{model_name="(unknown)",status="NOT_FOUND"} 5000',
        '{model_name="late",status="INVALID_ARGUMENT"} 1', '{model_name="mine",status="INVALID_ARGUMENT"} 1',
        '{model_name="mine",status="OK"} 1']


def test_ten_thousand_models_are_all_counted():
    metrics = Metrics(known=lambda name: True)
    for i in range(10_000):
        metrics.answered(f"model {i}", "predict", "REST", "NOT_FOUND", 0.0)
    assert metrics.text().count("request_count{") == 10_000


@pytest.mark.slow
def test_a_server_that_answers_does_not_walk_through_all_it_has():
    """Collections hold up every thread, and strangers bring them on: nested lists do."""
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    try:
        run._share_the_interpreter()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < gc.get_freeze_count()
        old = [row["collections"] for row in gc.get_stats()[1:]]
        lists = json_reader.decode(b"[" + b"[]," * 600_000 + b"1]")  # all but the youngest are left alone
        assert [row["collections"] for row in gc.get_stats()[1:]] == old
        assert len(lists) == 600_001
        assert sys.getswitchinterval() < interval / 5
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
        sys.setswitchinterval(interval)


def test_codes_have_numbers_and_statuses():
    assert [ServingError(number, "").code for number in range(1, len(CODES))] == list(CODES[1:])
    assert ServingError(99, "").code == "UNKNOWN"
    assert ServingError("DATA_LOSS", "").http_status == 500


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("line") / "1"
    module = tf.Module()
    module.half = tf.Variable(0.5)
    module.serve = tf.function(lambda x: {"y": module.half * x + 2.0, "text": tf.strings.as_string(x)},
                               input_signature=[tf.TensorSpec((None,), tf.float32, name="x")], autograph=False)
    tf.saved_model.save(module, str(folder), {"serving_default": module.serve})
    return folder


@pytest.mark.parametrize("python", [False, True], ids=["C library", "Python"])
def test_both_sessions_answer_and_refuse_alike(line, python):
    predictor = Predictor(line, python=python)
    answer = inference.predict(predictor, "", {"x": np.float32([1, 2])})
    np.testing.assert_array_equal(answer["y"], np.float32([2.5, 3]))
    assert answer["text"].tolist() == [b"1.000000", b"2.000000"]
    assert "__saved_model_init_op" in predictor.signature_defs
    with pytest.raises(ServingError) as caught:
        inference.predict(predictor, "", {"x": np.array([b"no number"], object)})
    assert caught.value.code == "INVALID_ARGUMENT"
    predictor.close()
    with pytest.raises(ServingError, match="closed"):
        inference.predict(predictor, "", {"x": np.float32([1])})


@pytest.mark.parametrize("python", [False, True], ids=["C library", "Python"])
def test_a_folder_without_a_model(tmp_path, python):
    with pytest.raises(ServingError) as caught:
        Predictor(tmp_path, python=python)
    assert caught.value.code == "NOT_FOUND"
