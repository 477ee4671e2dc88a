"""Files on a disk, behind a web server and in a bucket are reached alike; secrets stay secret."""

import functools
import http.server
import os
import subprocess
import sys
import threading

import pytest

from pipelines.storage import addresses, file_systems, files, folders

ROUND_TRIP = """
import sys
from pipelines import storage
root = sys.argv[1]
storage.make_folder(storage.join(root, "shards"))
storage.write_bytes(storage.join(root, "shards", "a b.bin"), bytes(range(256)))
assert storage.read_bytes(storage.join(root, "shards", "a b.bin")) == bytes(range(256))
assert storage.list_folder(root) == ["shards/"], storage.list_folder(root)
storage.rename(storage.join(root, "shards", "a b.bin"), storage.join(root, "shards", "c.bin"))
assert storage.list_folder(storage.join(root, "shards")) == ["c.bin"]
assert storage.exists(storage.join(root, "shards", "c.bin"))
assert not storage.exists(storage.join(root, "shards", "a b.bin"))
assert storage.is_folder(storage.join(root, "shards")) and not storage.is_folder(storage.join(root, "shards", "c.bin"))
storage.remove(storage.join(root, "shards", "c.bin"))
storage.remove(storage.join(root, "shards", "c.bin"))
assert not storage.exists(storage.join(root, "shards", "c.bin"))
print("round trip")
"""


def round_trip(root, environment=()):
    """In a process of its own: the S3 plugin of tensorflow-io aborts in its destructors when it leaves."""
    result = subprocess.run([sys.executable, "-c", ROUND_TRIP, str(root)], capture_output=True, text=True, timeout=120,
                            env={**os.environ, **dict(environment)}, check=False)
    assert "round trip" in result.stdout, result.stderr[-2000:]


@pytest.fixture(scope="module")
def bucket():
    """(address, environment) of a bucket on an S3 server on loopback."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    environment = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "S3_ENDPOINT": f"http://127.0.0.1:{port}",
                   "S3_USE_HTTPS": "0", "S3_VERIFY_SSL": "0"}
    import boto3

    client = boto3.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name="us-east-1",
                          aws_access_key_id="key", aws_secret_access_key="secret")
    client.create_bucket(Bucket="videos")
    yield "s3://videos/data", environment
    server.stop()


@pytest.fixture
def web(tmp_path):
    """Address of a web server on loopback over `tmp_path`."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_round_trip_on_a_disk(tmp_path):
    round_trip(tmp_path)
    round_trip(f"file://{tmp_path}")


def test_round_trip_on_a_disk_given_as_an_address(tmp_path):
    (tmp_path / "a b").mkdir()
    round_trip(f"file://{tmp_path}/a%20b")
    assert [path.name for path in (tmp_path / "a b").iterdir()] == ["shards"]


def test_round_trip_through_fsspec():
    pytest.importorskip("fsspec")
    round_trip("memory://data")


@pytest.mark.parametrize(("name", "expected"), [
    ("img_1.jpg", True), ("1.JPEG", True), ("a.b.webp", True), (".hidden.png", False), (".jpg", False), ("jpg", False),
    ("a.tif", False), ("a.jpg.part", False)])
def test_frames_are_known_by_name(name, expected):
    assert folders.is_frame(name) == expected


def test_a_link_to_itself_is_no_folder(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "folder").mkdir()
    assert files.list_folder(tmp_path) == ["folder/", "loop"]


def test_round_trip_in_a_bucket(bucket):
    round_trip(*bucket)


@pytest.mark.io
def test_round_trip_in_a_bucket_through_tensorflow_io(bucket):
    import tensorflow_io  # noqa: F401  this environment promises it

    round_trip(*bucket)


READ = "import sys; from pipelines import storage; sys.stdout.buffer.write(storage.read_bytes(sys.argv[1]))"


@pytest.mark.parametrize("way", [pytest.param("fsspec"), pytest.param("tensorflow-io", marks=pytest.mark.io)])
def test_reads_from_a_web_server(way, web, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x00\x01clip")
    result = subprocess.run([sys.executable, "-c", READ, f"{web}/a.bin"], capture_output=True, timeout=120, check=False)
    assert result.stdout == b"\x00\x01clip", result.stderr[-2000:]


def test_lists_a_web_servers_folder(web, tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "a.mp4").write_bytes(b"")
    assert files.list_folder(web) == ["a.mp4", "train/"]


def test_a_failure_names_the_address_and_no_secret(web):
    with pytest.raises(FileNotFoundError) as error:
        files.read_bytes(f"{web}/missing.mp4?X-Amz-Signature=sesame")
    assert str(error.value).startswith(f"Cannot read '{web}/missing.mp4': ")
    assert "sesame" not in str(error.value)
    assert error.value.__cause__ is None


def test_what_may_be_logged():
    assert addresses.shown("s3://key:secret@bucket/a?token=1") == "s3://bucket/a"
    assert addresses.shown("data/what?.mp4") == "data/what?.mp4"
    assert addresses.shown("s3://key:sec/ret@bucket/a@b.mp4") == "s3://bucket/a@b.mp4"
    for plain in ("s3://bucket/clip #1.mp4", "gs://bucket/really? 1.mp4"):
        assert addresses.shown(plain) == plain
    for plain in ("s3://bucket/a@b.mp4", "http://host:80/a@b.mp4", "http://host/me:a@b.mp4", "memory://a/b"):
        assert addresses.shown(plain) == addresses.without_secrets(plain) == plain
    said = "404, url='https://key:se@same@host/a.mp4?X-Amz-Signature=sesame&b=1', from s3://key:sesa/me@host/b@c"
    assert addresses.without_secrets(said) == "404, url='https://host/a.mp4?...', from s3://host/b@c"


def test_an_unknown_scheme_says_what_to_install():
    with pytest.raises(file_systems.StorageError, match=r"Nothing here reads nowhere:// addresses .*pip install"):
        files.read_bytes("nowhere://a/b")


def test_a_missing_local_file_keeps_its_own_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file"):
        files.read_bytes(tmp_path / "none")


def test_a_write_leaves_nothing_aside(tmp_path):
    files.write_bytes(tmp_path / "a", b"1")
    files.write_bytes(tmp_path / "a", b"22")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"22"
