"""The table of limits says what the code has."""

import pathlib

import pytest

from serving.exporter import headers, signature
from serving.models import inference
from serving.server.grpc import arrivals
from serving.server.rest import app, bodies, connections, json_reader, json_writer
from serving.server.rest.page import routes, videos
from serving.server.rest.parsing import nesting
from serving.tensors import tensor_proto

TEXT = (pathlib.Path(__file__).parents[2] / "docs/how-to/serve.md").read_text(encoding="utf-8")


def test_the_size_from_which_numbers_are_parsed_in_turns_is_told():
    assert f" JSON body above {json_reader.LARGE} bytes " in TEXT


@pytest.mark.parametrize(("row", "numbers"), [
    ("HTTP connections", [connections.MOST_CONNECTIONS]), ("head of a request", [connections.HEAD_SECONDS]),
    ("URL", [connections.MOST_URL]), ("headers", [connections.MOST_HEAD]),
    ("body that comes slowly", [30, bodies.SLOWEST]),
    ("body in gzip", [bodies.FREE_UNPACKED, bodies.MOST_RATIO, bodies.MOST_UNPACKED]),
    ("all bodies together, unpacked", [bodies.MOST_HELD]),
    ("calls over gRPC", [arrivals.STREAMS]),
    ("calls over gRPC whose message is to come", [arrivals.SHARE, arrivals.SECONDS]),
    ("answer that nobody reads", [connections.UNREAD_SECONDS, connections.SLOWEST_READER]),
    ("JSON", [nesting.KEPT, json_reader.MOST_PARSED, json_reader.MOST_TIMES]),
    ("errors over HTTP", [app.LONGEST_ERROR, json_writer._QUOTED]),
    ("tensor that repeats its last value", [tensor_proto.MOST_STRETCHED, tensor_proto.MOST_REPEATED]),
    ("context repeated before examples", [inference.MOST_CONTEXT]),
    ("picture, JPEG or PNG", [headers.MOST_PIXELS, headers.MOST_SCANS]), ("GIF", [headers.MOST_ANIMATED]),
    ("strings to `describe`", [signature.MOST_DESCRIBED]),
    ("videos on the page", [routes._THREADS, routes._QUEUED, int(videos.SECONDS), int(2 * videos.SECONDS),
                             videos.MOST_PIXELS, videos.MOST_DECODED])])
def test_every_limit_is_in_the_table(row, numbers):
    line = next(line for line in TEXT.splitlines() if line.startswith(f"| {row} |"))
    for number in numbers:
        assert f" {number} " in line.replace(",", " ")
