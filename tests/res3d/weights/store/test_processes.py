"""Several processes, killed ones, a cache that can only be read, and a disk that is full."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

from res3d.weights.errors import FetchError
from res3d.weights.store import transfer
from res3d.weights.store.fetching import fetch
from res3d.weights.store.places import place
from tests.res3d.weights.store.server import head, well

DATA = bytes(range(256)) * 1000
SHA = hashlib.sha256(DATA).hexdigest()
FETCH = "import sys; from res3d.weights.store.fetching import fetch; print(fetch(sys.argv[1], sys.argv[2]))"


def start(address, *before):
    """Another process that fetches."""
    code = "".join(f"{line}\n" for line in before) + FETCH
    return subprocess.Popen([sys.executable, "-c", code, address, SHA], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def slowly(go):
    """Answers half, waits for the event `go`, and answers the rest."""
    def manner(handler, data):
        head(handler, 200, len(data), ETag='"1"')
        handler.wfile.write(data[:len(data) // 2])
        handler.wfile.flush()
        go.wait(60)
        handler.wfile.write(data[len(data) // 2:])
    return manner


def arrived(address, count):
    """Waits until `count` bytes are on the disk."""
    part = place(address).part
    for _ in range(6000):
        if part.is_file() and part.stat().st_size >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"{count} bytes have not arrived")


def test_two_processes_fetch_once(server):
    go = threading.Event()
    address = server.put("/x.pth", DATA, slowly(go))
    first = start(address)
    arrived(address, 65_536)
    second = start(address)
    time.sleep(0.05)
    go.set()
    assert [process.communicate(timeout=120)[0].strip() for process in (first, second)] == [
        str(place(address).file)] * 2
    assert server.asked == [("/x.pth", None)]
    assert place(address).file.read_bytes() == DATA


def test_a_killed_process_leaves_no_whole_name_and_no_lock(server):
    go = threading.Event()
    address = server.put("/x.pth", DATA, slowly(go))
    process = start(address)
    arrived(address, 65_536)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    go.set()
    assert not place(address).file.exists()
    server.put("/x.pth", DATA)
    assert fetch(address, SHA).read_bytes() == DATA
    assert int(server.asked[-1][1][6:-1]) >= 65_536  # it went on


@pytest.mark.parametrize("count", [0, 1, 255, 100_000, len(DATA) - 1, len(DATA)])
def test_killed_at_any_byte(count, server):
    address = server.put("/x.pth", DATA)
    to = place(address)
    to.folder.mkdir(parents=True)
    to.part.write_bytes(DATA[:count])
    to.expect(version='"1"', total=len(DATA))
    assert fetch(address, SHA).read_bytes() == DATA
    assert server.asked == [("/x.pth", f"bytes={count}-" if count else None)]


def test_killed_between_its_last_steps(server):
    address = server.put("/x.pth", DATA)
    to = place(address)
    to.folder.mkdir(parents=True)
    to.part.write_bytes(DATA)
    to.expect(version='"1"', total=len(DATA))
    to.remember(sha256=SHA, bytes=len(DATA))  # and not yet renamed
    assert fetch(address).read_bytes() == DATA
    (to.folder / "arriving.json").write_text("{")  # half a note, as no rename leaves
    assert fetch(address) == to.file


def test_a_server_that_stalls(server, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT", transfer.urllib3.Timeout(connect=1, read=0.05))
    go = threading.Event()
    address = server.put("/x.pth", DATA, slowly(go))
    with pytest.raises(FetchError, match=r"the server was silent for 0\.05 seconds, 4 times"):
        fetch(address, SHA)
    go.set()
    server.put("/x.pth", DATA)
    assert fetch(address, SHA).read_bytes() == DATA


def test_a_full_disk(server):
    address = server.put("/x.pth", DATA)
    process = start(address, "import resource", "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, -1))",
                    "import signal", "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)")
    error = process.communicate(timeout=120)[1].strip().splitlines()[-1]
    assert "there is no room for it (File too large). Make room, or set RES3D_HOME" in error
    assert not place(address).file.exists()
    assert fetch(address, SHA).read_bytes() == DATA
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_disk_without_room_is_told_before(server, monkeypatch):
    address = server.put("/x.pth", DATA)
    free = transfer.shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: free)
    with pytest.raises(FetchError, match=r"256,000 bytes are to come and 1,000 are free"):
        fetch(address, SHA)


def test_a_cache_that_can_only_be_read(server, cache, monkeypatch):
    address = server.put("/x.pth", DATA)
    path = fetch(address, SHA)
    other = server.put("/y.pth", DATA)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(cache))

    monkeypatch.setattr(os, "replace", refuse)
    monkeypatch.setattr("pathlib.Path.mkdir", refuse)  # root may write anywhere, whatever the mode
    assert fetch(address, SHA) == path
    with pytest.raises(FetchError, match=r"its place in the cache cannot be written \(Permission denied: .*RES3D_HOME"):
        fetch(other, SHA)


def test_an_answer_that_goes_on_with_another_file(server):
    address = server.put("/x.pth", DATA)
    to = place(address)
    to.folder.mkdir(parents=True)
    to.part.write_bytes(DATA[:1000])
    to.expect(version='"1"', total=len(DATA) + 7)
    assert fetch(address, SHA).read_bytes() == DATA
    assert [asked for _, asked in server.asked] == ["bytes=1000-", None]


def test_proxies(server, monkeypatch):
    server.put("http://weights.example/x.pth", DATA, well)
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.setenv("no_proxy", "")
    assert fetch("http://weights.example/x.pth", SHA).read_bytes() == DATA
