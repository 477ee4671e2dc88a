"""Videos that lie elsewhere: generated ones, and a web server on loopback over them."""

import functools
import http.server
import shutil
import threading

import pytest

from pipelines import synthetic


@pytest.fixture(scope="session")
def afar(tmp_path_factory):
    """Folder `videos` of generated videos, and nothing beside: 8 to train on, 8 for validation."""
    folder = tmp_path_factory.mktemp("made")
    synthetic.write(folder / "all", train_per_class=1, val_per_class=1)
    shutil.copytree(folder / "all", folder / "videos", ignore=shutil.ignore_patterns("*.json", "*.csv", "*.txt"))
    return folder / "videos"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; the server has `failing` {path: answers of 503 still to give} and `forbidden` paths."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path in self.server.forbidden:
            return self.send_error(403)
        if self.server.failing.get(path, 0) > 0:
            self.server.failing[path] -= 1
            return self.send_error(503)
        return super().do_GET() if self.command == "GET" else super().do_HEAD()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *args):
        pass


@pytest.fixture
def web(afar):
    """(address, server) of a web server on loopback over them."""
    pytest.importorskip("aiohttp")
    handler = functools.partial(_Handler, directory=str(afar))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.failing, server.forbidden = {}, set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", server
        server.shutdown()
