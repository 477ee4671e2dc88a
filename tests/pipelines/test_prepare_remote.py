"""Records are prepared into a bucket, verified there and trained from; through fsspec, and through tensorflow-io."""

import os
import subprocess
import sys

import pytest

from pipelines import synthetic

SCRIPT = """
import sys
import numpy as np
import pipelines
from pipelines import prepare_verify
from pipelines.prepare import Options, prepare
from res3d.geometry import ClipSpec
videos, out, local = sys.argv[1:]
clip = ClipSpec(frames=8, height=56, width=56)
options = Options(clip, shard_clips=6)
for folder in (out, local):
    prepare(videos, folder, options, workers=2)
prepare(videos, out, options)
assert prepare_verify.verify(out) == []
one, other = (list(pipelines.training_clips(folder, clip, 4, split="train")) for folder in (out, local))
assert len(one) == len(other) == 2
for (clips, labels), (others, same) in zip(one, other):
    np.testing.assert_array_equal(clips, others)
    np.testing.assert_array_equal(labels, same)
print("trained from the bucket", flush=True)
"""


@pytest.fixture
def bucket():
    """(address, environment) of a bucket on an S3 server on loopback."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    address = f"http://127.0.0.1:{port}"
    environment = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_ENDPOINT_URL": address, "S3_ENDPOINT": address, "S3_USE_HTTPS": "0", "S3_VERIFY_SSL": "0"}
    import boto3

    boto3.client("s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="key",
                 aws_secret_access_key="secret").create_bucket(Bucket="data")
    yield "s3://data/records", environment
    server.stop()


@pytest.mark.parametrize("way", [pytest.param("fsspec"), pytest.param("tensorflow-io", marks=pytest.mark.io)])
def test_prepared_into_a_bucket(way, bucket, tmp_path):
    address, environment = bucket
    synthetic.write(tmp_path / "videos", train_per_class=1, val_per_class=1)
    # In a process of its own: the S3 plugin of tensorflow-io aborts in its destructors when it leaves.
    result = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "videos"), address, str(tmp_path / "local")],
                            capture_output=True, text=True, timeout=200, check=False,
                            env={**os.environ, **environment, "RES3D_CACHE": str(tmp_path / "cache")})
    assert "trained from the bucket" in result.stdout, result.stderr[-3000:]
