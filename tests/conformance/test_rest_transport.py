"""What lies around the REST bodies: gzip, verbs, CORS, kept connections, other paths, Prometheus and health."""

import gzip
import http.client
import json
import re

import pytest

TOYS = "/v1/models/toys"
PREDICT = TOYS + ":predict"
ONE = b'{"instances": [1.0]}'


def ask(running, body, **options):
    return running.http.post(PREDICT, content=body, **options)


def test_gzip_body(running):
    packed = gzip.compress(ONE)
    answer = ask(running, packed, headers={"Content-Encoding": "gzip"})
    assert answer.json() == {"predictions": [2.5]}
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("coding", ["GZIP", "x-gzip"])
def test_gzip_of_several_members(running, coding):
    packed = gzip.compress(ONE[:9]) + gzip.compress(ONE[9:])
    assert ask(running, packed, headers={"Content-Encoding": coding}).json() == {"predictions": [2.5]}


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(ONE)[:-9]], ids=["other", "cut"])
def test_gzip_that_cannot_be_unpacked_is_an_empty_document(running, body):
    response = ask(running, body, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 400
    assert response.json()["error"].startswith("JSON Parse error: The document is empty")


def test_gzip_beyond_100_mb_is_an_empty_document(running):
    response = ask(running, gzip.compress(b" " * (101 << 20), 1), headers={"Content-Encoding": "gzip"})
    assert response.json()["error"].startswith("JSON Parse error: The document is empty")


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_other_verbs(running, verb):
    response = running.http.request(verb, TOYS)
    assert response.status_code == 400
    if verb != "HEAD":
        assert response.json() == {"error": f"Malformed request: {verb} {TOYS}"}


def test_options(running):
    asked = running.http.options(TOYS, headers={"Origin": "http://example.org"})
    assert (asked.status_code, asked.content) == (200, b"")
    plain = running.http.options(TOYS)
    assert (plain.status_code, plain.content) == (400, b"")


def test_cors_headers_only_where_asked_for(running, serve, built):
    assert "access-control-allow-origin" not in running.http.get(TOYS).headers
    with serve(model_base_path=str(built.parent / "none"), model_config_file=_empty(built),
               rest_api_enable_cors_support=True) as open_to_all:
        headers = open_to_all.http.get("/v1/models").headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "POST, GET"
    assert headers["access-control-allow-headers"] == "Content-Type"


def _empty(folder):
    file = folder / "empty.config"
    file.write_text("model_config_list {}")
    return str(file)


def test_other_paths_are_not_found_as_html(running):
    response = running.http.get("/elsewhere")
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_connection_is_kept(running):
    connection = http.client.HTTPConnection(running.server.rest_address, timeout=10)
    used = set()
    for _ in range(2):
        connection.request("POST", PREDICT, ONE)
        assert json.loads(connection.getresponse().read()) == {"predictions": [2.5]}
        used.add(connection.sock.getsockname())
    connection.close()
    assert len(used) == 1


def test_prometheus(running):
    for _ in range(2):
        ask(running, ONE)
    running.http.post(TOYS + ":regress", json={"signature_name": "regress", "examples": [{"x": 2.0}]})
    response = running.http.get("/monitoring/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    text = response.text
    assert "# HELP" not in text
    assert "# TYPE :tensorflow:serving:request_count counter" in text
    assert re.search(r':tensorflow:serving:request_count\{model_name="toys",status="OK"\} \d+', text)
    labels = 'model_name="toys",API="predict",entrypoint="REST"'
    bounds = re.findall(rf':tensorflow:serving:request_latency_bucket\{{{labels},le="([^"]+)"\}}', text)
    assert len(bounds) == 34
    assert bounds[:3] == ["10", "18", "32.4"]
    assert bounds[-1] == "+Inf"
    assert re.search(rf":tensorflow:serving:request_latency_count\{{{labels}\}} \d+", text)
    assert ':tensorflow:serving:runtime_latency_count{model_name="toys",API="Predict",runtime="TF1"}' in text
    assert ':tensorflow:serving:request_example_count_total{model="toys"}' in text
    assert ':tensorflow:serving:request_example_counts_bucket{model="toys",le="1"}' in text
    queried = running.http.get("/monitoring/metrics?x=1")
    assert queried.status_code == 400
    assert queried.headers["content-type"].startswith("text/plain")


def test_health_lies_beside_the_interface(running):
    assert running.http.get("/healthz").status_code == 200
    assert running.http.get("/readyz").status_code == 200
