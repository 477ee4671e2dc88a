"""What a web server gives is bounded, whatever it says of it."""

import contextlib
import http.server
import threading

import pytest

from pipelines.storage import file_systems, files
from pipelines.video import reading
from pipelines.video.info import VideoError

pytest.importorskip("aiohttp")


class Endless(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ended = threading.Event()

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        length = self.path.rpartition("=")[2]
        self.send_header(*("Content-Length", length) if length.isdigit() else ("Connection", "close"))
        self.end_headers()
        left = int(length) if length.isdigit() else 2**40
        with contextlib.suppress(OSError):
            while left > 0:
                left -= self.wfile.write(b"\0\0\0\x18ftypisom"[:left] if left < 65536 else bytes(65536))
        self.close_connection = True
        self.ended.set()

    def log_message(self, *_args):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(file_systems, "MOST_FETCHED", 2**20)
    monkeypatch.setattr(file_systems, "MOST_COPIED", 2**20)
    Endless.ended.clear()


@pytest.mark.parametrize("name", ["a.mp4", "a.mp4?n=99999999999"])
def test_an_endless_file_is_given_up(address, small, name):
    with pytest.raises(files.StorageError, match=r"at most 1048576 bytes at 'http://.*a\.mp4'. Received more"):
        files.read_bytes(address + name)
    assert Endless.ended.wait(10)  # the connection is closed, not left to run on


def test_an_endless_video_is_one_error(address, small):
    with pytest.raises(VideoError, match="it gives more than 1048576 bytes"):
        reading.probe(address + "a.mp4")


def test_a_copy_that_has_no_end_leaves_nothing(address, small, tmp_path, monkeypatch):
    monkeypatch.setenv("RES3D_CACHE", str(tmp_path))
    with pytest.raises(files.StorageError, match="Received more"):
        files.openable(address + "a.tfrecord")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, 65536, 2**20])
def test_what_fits_is_read_whole(address, small, size):
    assert len(files.read_bytes(f"{address}a?n={size}")) == size


def test_one_byte_more_does_not(address, small):
    with pytest.raises(files.StorageError):
        files.read_bytes(f"{address}a?n={2**20 + 1}")
