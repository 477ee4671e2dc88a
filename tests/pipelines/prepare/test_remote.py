"""Records are prepared from and into a bucket, verified there and trained from; by fsspec, and by tensorflow-io."""

import os
import random
import subprocess
import sys
import time

import pytest

from pipelines import synthetic

SCRIPT = """
import sys
import numpy as np
import pipelines
from pipelines.prepare import verify
from pipelines.prepare import PrepareOptions, prepare
from res3d.geometry import ClipSpec
videos, out, local = sys.argv[1:]
clip = ClipSpec(frames=8, height=56, width=56)
options = PrepareOptions(clip, shard_clips=6)
for folder in (out, local):
    prepare(videos, folder, options, workers=2)
prepare(videos, out, options)
assert verify.verify(out) == []
one, other = (list(pipelines.training_clips(folder, clip, 4, split="train")) for folder in (out, local))
assert len(one) == len(other) == 2
for (clips, labels), (others, same) in zip(one, other):
    np.testing.assert_array_equal(clips, others)
    np.testing.assert_array_equal(labels, same)
print("trained from the bucket", flush=True)
"""

FROM_BUCKET = """
import os
import pathlib
import sys
import numpy as np
import pipelines
from pipelines import doctor, storage
from pipelines.prepare import PrepareOptions, prepare
from pipelines.video import probe_cache
from res3d.geometry import ClipSpec

def tree(folder):
    return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir() if path.is_file()}

made, address, local = sys.argv[1:]
address = address.replace("records", "videos")
(pathlib.Path(made) / "train" / "left" / "broken.avi").write_bytes(b"no video at all")
for folder, _, names in os.walk(made):
    for name in names:
        path = pathlib.Path(folder, name)
        storage.write_bytes(storage.join(address, *path.relative_to(made).parts), path.read_bytes())
        assert storage.read_bytes(storage.join(address, *path.relative_to(made).parts)) == path.read_bytes(), path
clip = ClipSpec(frames=8, height=56, width=56)
for name, data in (("here", made), ("there", address)):
    prepare(data, os.path.join(local, name), PrepareOptions(clip, shard_clips=6), workers=2)
here, there = (tree(os.path.join(local, name)) for name in ("here", "there"))
assert len(here) == 9 and here == there, (here.keys(), there.keys())
one, other = (list(pipelines.evaluation_clips(folder, clip, 8, split="val", workers=2)) for folder in (made, address))
np.testing.assert_array_equal(one[0][0], other[0][0])
report = doctor.check(address, clip, split="val", workers=1)
assert (report["files"], report["usable"]) == (8, 8), report["bad"]
storage.remove(storage.join(address, "val", "up", "0000.avi"))
probes = probe_cache.Probes(os.path.join(local, "probes"))
try:
    probes.info(storage.join(address, "val", "up", "0000.avi"))
except pipelines.VideoError as error:
    assert str(error) == f"Cannot read video '{address}/val/up/0000.avi': there is no such file.", error
assert probes.info(storage.join(address, "val", "down", "0000.avi")).num_frames
probes.save()
assert open(os.path.join(local, "probes")).read().count(chr(10)) == 2
print("prepared from the bucket", flush=True)
"""

KILLED = """
import os
import pathlib
import sys
from pipelines import storage
from pipelines.prepare import PrepareOptions, prepare
from res3d.geometry import ClipSpec

made, address, local = sys.argv[1:]
videos = address.replace("records", "originals")
options = PrepareOptions(ClipSpec(frames=8, height=56, width=56), shard_clips=2)
if not storage.is_folder(videos):
    for folder, _, names in os.walk(made):
        for name in names:
            path = pathlib.Path(folder, name)
            storage.write_bytes(storage.join(videos, *path.relative_to(made).parts), path.read_bytes())
    prepare(made, local, options, workers=2)
print("begins", flush=True)
prepare(videos, address, options, workers=2)
here = {path.name: path.read_bytes() for path in pathlib.Path(local).iterdir() if path.is_file()}
assert sorted(here) == storage.list_folder(address), storage.list_folder(address)
assert all(storage.read_bytes(storage.join(address, name)) == data for name, data in here.items())
print("the same bytes", flush=True)
"""


@pytest.fixture
def bucket():
    """(address, environment) of a bucket on an S3 server on loopback; servers of one process share what they hold."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    address = f"http://127.0.0.1:{port}"
    environment = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_ENDPOINT_URL": address, "S3_ENDPOINT": address, "S3_USE_HTTPS": "0", "S3_VERIFY_SSL": "0"}
    import boto3

    name = f"data-{port}"
    boto3.client("s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="key",
                 aws_secret_access_key="secret").create_bucket(Bucket=name)
    yield f"s3://{name}/records", environment
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("way", [pytest.param("fsspec"), pytest.param("tensorflow-io", marks=pytest.mark.io)])
def test_prepared_into_a_bucket(way, bucket, tmp_path):
    address, environment = bucket
    synthetic.write(tmp_path / "videos", train_per_class=1, val_per_class=1)
    result = run(SCRIPT, address, environment, tmp_path)
    assert "trained from the bucket" in result.stdout, result.stderr[-3000:]


@pytest.mark.parametrize("way", [
    pytest.param("fsspec", marks=pytest.mark.slow), pytest.param("tensorflow-io", marks=pytest.mark.io)])
def test_prepared_from_a_bucket(way, bucket, tmp_path):
    address, environment = bucket
    synthetic.write(tmp_path / "videos", train_per_class=1, val_per_class=1)
    for name in ("manifest.csv", "labels.txt"):
        (tmp_path / "videos" / name).unlink(missing_ok=True)
    (tmp_path / "local").mkdir()
    result = run(FROM_BUCKET, address, environment, tmp_path)
    assert "prepared from the bucket" in result.stdout, result.stderr[-3000:]


@pytest.mark.slow
def test_killed_between_two_buckets(bucket, tmp_path):
    address, environment = bucket
    synthetic.write(tmp_path / "videos", train_per_class=2, val_per_class=1)
    draw = random.Random(1)
    for _ in range(8):
        with subprocess.Popen(command(KILLED, address, tmp_path), env=os.environ | environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout.readline() == "begins\n"
            time.sleep(draw.uniform(0.05, 1.5))
            process.kill()
    result = run(KILLED, address, environment, tmp_path)
    assert "the same bytes" in result.stdout, result.stderr[-3000:]


def command(script, address, folder):
    return [sys.executable, "-c", script, str(folder / "videos"), address, str(folder / "local")]


def run(script, address, environment, folder):
    """In a process of its own: the S3 plugin of tensorflow-io aborts in its destructors when it leaves."""
    return subprocess.run(command(script, address, folder), capture_output=True, text=True, timeout=200, check=False,
                          env={**os.environ, **environment, "RES3D_CACHE": str(folder / "cache")})
