"""Files arrive whole or not at all, whatever the server does, and the next try goes on."""

import hashlib

import pytest

from res3d.weights.errors import CheckpointError, FetchError
from res3d.weights.store import keeping
from res3d.weights.store.fetching import fetch
from res3d.weights.store.places import place
from tests.res3d.weights.store.server import dropping, head, well

DATA = bytes(range(256)) * 1000
SHA = hashlib.sha256(DATA).hexdigest()


def left(address):
    """Names in the folder of an address."""
    return sorted(path.name for path in place(address).folder.iterdir())


def test_a_file_is_fetched_once(server):
    address = server.put("/a/x.pth", DATA)
    path = fetch(address, SHA)
    assert path.read_bytes() == DATA
    assert path.name == "x.pth"
    assert fetch(address, SHA) == path
    assert server.asked == [("/a/x.pth", None)]
    assert left(address) == ["lock", "record.json", "x.pth"]


def test_names_repeat_across_folders(server):
    first, second = fetch(server.put("/kinetics/S.pyth", b"\x80one")), fetch(server.put("/ssv2/S.pyth", b"\x80two"))
    assert first != second
    assert (first.read_bytes(), second.read_bytes()) == (b"\x80one", b"\x80two")


@pytest.mark.parametrize("digest", [SHA, SHA[:8].upper(), hashlib.md5(DATA).hexdigest(),
                                    hashlib.sha1(DATA).hexdigest()])
def test_digests_of_all_kinds(server, digest):
    assert fetch(server.put("/x.pth", DATA), digest).is_file()


def test_another_digest(server):
    address = server.put("/x.pth", DATA)
    with pytest.raises(FetchError) as raised:
        fetch(address, "0" * 8)
    message = str(raised.value)
    assert address in message
    assert f"its SHA256 is {SHA}, which is not the published one." in message
    assert f"its place is {place(address).file}; its SHA256 begins with 00000000." in message
    assert left(address) == ["lock"]


def test_a_broken_connection_goes_on_where_it_broke(server):
    address = server.put("/x.pth", DATA, dropping(100_000))
    assert fetch(address, SHA).read_bytes() == DATA
    assert server.asked == [("/x.pth", None), ("/x.pth", "bytes=100000-"), ("/x.pth", "bytes=200000-")]


def test_a_server_that_is_gone_leaves_what_has_arrived(server):
    def once(handler, data):
        manner = dropping(100_000) if len(server.asked) == 1 else lambda handler, data: head(handler, 503, 0)
        manner(handler, data)

    address = server.put("/x.pth", DATA, once)
    with pytest.raises(FetchError, match=r"the server answers 503 .*4 times\. 100,000 bytes are kept"):
        fetch(address, SHA)
    assert left(address) == ["arriving", "arriving.json", "lock"]
    server.put("/x.pth", DATA)
    assert fetch(address, SHA).read_bytes() == DATA
    assert server.asked[-1] == ("/x.pth", "bytes=100000-")
    assert left(address) == ["lock", "record.json", "x.pth"]


def test_a_web_page_with_200_is_no_file(server):
    address = server.put("/x.pth", b"\n<!doctype html><p>Sign in")
    with pytest.raises(FetchError, match="a web page instead of the file"):
        fetch(address)
    assert "x.pth" not in left(address)


def test_a_server_that_lies_about_the_length(server):
    def short(handler, data):
        head(handler, 200, 10 * len(data))
        handler.wfile.write(data)

    address = server.put("/x.pth", DATA, short)
    with pytest.raises(FetchError, match="4 times"):
        fetch(address, SHA)
    assert "x.pth" not in left(address)

    def long(handler, data):
        head(handler, 200, len(data) // 2)
        handler.wfile.write(data)

    server.put("/x.pth", DATA, long)
    with pytest.raises(FetchError, match="which is not the published one"):
        fetch(address, SHA)
    server.put("/x.pth", DATA)
    assert fetch(address, SHA).read_bytes() == DATA


def test_a_server_that_tells_a_new_length_each_time_is_left(server):
    def claiming(handler, data):
        if handler.headers["Range"]:  # ends what it had begun as longer
            return head(handler, 206, 0, Content_Range=f"bytes {len(data)}-{len(data) - 1}/{len(data)}")
        head(handler, 200, len(data) + 1000, ETag='"1"')
        return handler.wfile.write(data)

    address = server.put("/x.pth", DATA, claiming)
    with pytest.raises(FetchError, match="4 times"):
        fetch(address, SHA)
    assert len(server.asked) == 5
    assert "x.pth" not in left(address)


def test_redirects(server):
    server.put("/real.bin", DATA)
    address = server.put("/x.pth", b"", lambda handler, data: head(handler, 302, 0, Location="/real.bin"))
    assert fetch(address, SHA).name == "x.pth"
    loop = server.put("/loop", b"", lambda handler, data: head(handler, 302, 0, Location="/loop"))
    with pytest.raises(FetchError, match="its redirects lead nowhere"):
        fetch(loop)


def test_a_missing_file(server):
    with pytest.raises(FetchError, match="the server answers 404 Not Found"):
        fetch(server.address + "/none.pth")
    assert len(server.asked) == 1


def test_no_server():
    with pytest.raises(FetchError, match=r"the server cannot be reached .*4 times\. To put it by hand"):
        fetch("http://127.0.0.1:9/x.pth")


@pytest.mark.parametrize("address", ["s3://me:secret@bucket/x.pth", "gs://bucket/x.pth?token=secret", "data:x"])
def test_an_address_that_nothing_fetches_is_refused_at_once(address):
    with pytest.raises(FetchError, match=r"are fetched from http://, https:// and hf://, not from \w+://\. Copy it to "
                       ) as refused:
        fetch(address)
    assert "secret" not in str(refused.value)
    assert "by hand" not in str(refused.value)


def test_a_mirror_stands_for_any_address(tmp_path, monkeypatch):
    monkeypatch.setenv("RES3D_MIRROR", str(tmp_path))
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket/x.pth").write_bytes(DATA)
    assert fetch("s3://bucket/x.pth", SHA).read_bytes() == DATA


@pytest.mark.parametrize("address", ["http://me:sec@ret@127.0.0.1:9/x.pth", "http://127.0.0.1:9/x.pth?sign=secret#a"])
def test_what_an_address_carries_of_secrets_is_not_told(address, caplog):
    with caplog.at_level("INFO"), pytest.raises(FetchError) as failed:
        fetch(address)
    assert str(failed.value).startswith("Cannot fetch http://127.0.0.1:9/x.pth: the server cannot be reached")
    assert not any(secret in str(failed.value) + caplog.text for secret in ("sec@", "ret@", "secret"))


def test_without_a_digest_the_first_is_remembered(server):
    address = server.put("/x.pth", DATA)
    fetch(address).unlink()
    server.put("/x.pth", DATA[:-1] + b"!")
    with pytest.raises(FetchError, match=f"the first time it was {SHA}"):
        fetch(address)
    server.put("/x.pth", DATA)
    assert fetch(address).read_bytes() == DATA


def test_without_a_digest_it_must_be_a_checkpoint(server):
    def check(path):
        raise CheckpointError(path, "it is none.")

    address = server.put("/x.pth", DATA)
    with pytest.raises(FetchError, match="what arrives is no whole checkpoint: it is none"):
        fetch(address, check=check)
    assert "x.pth" not in left(address)


def test_another_version_in_between_is_begun_anew(server):
    def once(handler, data):
        manner = dropping(100_000) if len(server.asked) == 1 else lambda handler, data: head(handler, 503, 0)
        manner(handler, data)

    address = server.put("/x.pth", bytes(len(DATA)), once)
    with pytest.raises(FetchError):
        fetch(address)

    def newer(handler, data):
        assert handler.headers["If-Range"] == '"1"'
        head(handler, 200, len(data), ETag='"2"')
        handler.wfile.write(data)

    server.put("/x.pth", DATA, newer)
    assert fetch(address, SHA).read_bytes() == DATA


def test_a_damaged_beginning_is_fetched_anew(server):
    address = server.put("/x.pth", DATA)
    to = place(address)
    to.folder.mkdir(parents=True)
    to.part.write_bytes(b"?" * 1000)
    to.expect(version='"1"', total=len(DATA))
    assert fetch(address, SHA).read_bytes() == DATA
    assert [asked for _, asked in server.asked] == ["bytes=1000-", None]


def test_offline(server, monkeypatch):
    address = server.put("/x.pth", DATA)
    monkeypatch.setenv("RES3D_OFFLINE", "1")
    with pytest.raises(FetchError, match=r"RES3D_OFFLINE \(--offline\) forbids"):
        fetch(address, SHA)
    monkeypatch.setenv("RES3D_OFFLINE", "0")
    path = fetch(address, SHA)
    monkeypatch.setenv("RES3D_OFFLINE", "1")
    assert fetch(address, SHA) == path


def test_a_file_put_by_hand_is_checked(server, monkeypatch):
    monkeypatch.setenv("RES3D_OFFLINE", "1")
    address = server.put("/x.pth", DATA)
    to = place(address)
    to.folder.mkdir(parents=True)
    to.file.write_bytes(b"other")
    with pytest.raises(FetchError, match="is there, but its SHA256 is"):
        fetch(address, SHA)
    to.file.write_bytes(DATA)
    assert fetch(address, SHA) == to.file
    assert to.record["sha256"] == SHA


def test_mirrors(server, monkeypatch, tmp_path):
    address = "https://download.pytorch.org/models/x.pth"
    server.put("/m/download.pytorch.org/models/x.pth", DATA)
    monkeypatch.setenv("RES3D_MIRROR", server.address + "/m/")
    path = fetch(address, SHA)
    assert path == place(address).file
    path.unlink()
    folder = tmp_path / "disk" / "download.pytorch.org" / "models"
    folder.mkdir(parents=True)
    (folder / "x.pth").write_bytes(DATA)
    monkeypatch.setenv("RES3D_MIRROR", str(tmp_path / "disk"))
    assert fetch(address, SHA).read_bytes() == DATA
    monkeypatch.setenv("RES3D_MIRROR", str(tmp_path / "none"))
    with pytest.raises(FetchError, match=r"there is no file '.*none/download.pytorch.org/models/y.pth'"):
        fetch("https://download.pytorch.org/models/y.pth", SHA)


def test_an_empty_file_is_answered_well(server):
    with pytest.raises(FetchError, match="not the published one"):
        fetch(server.put("/x.pth", b"", well), SHA)


def test_a_file_of_this_machine_is_taken_where_it_lies(cache, tmp_path):
    path = tmp_path / "a b.pth"
    with pytest.raises(FetchError, match=r"there is no file '.*a b\.pth'"):
        fetch(path.as_uri())
    path.write_bytes(DATA)
    assert fetch(path.as_uri(), SHA) == path
    path.write_bytes(DATA[1:])  # trained on: no digest of a first time holds it
    assert fetch(path.as_uri()) == path
    with pytest.raises(FetchError, match=f"and should be {SHA}"):
        fetch(path.as_uri(), SHA)
    assert keeping.verify(path.as_uri()) is None
    assert "not the published one" in keeping.verify(path.as_uri(), SHA)
    with pytest.raises(ValueError, match="Only what was fetched is removed"):
        keeping.remove(path.as_uri())
    assert path.is_file()
    assert not cache.exists()
