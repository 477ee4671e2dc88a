"""Generated videos and an undisturbed job; read them, do not write there."""

import pytest

from pipelines import synthetic
from pipelines.prepare.run import prepare
from tests.pipelines.prepare.whole import OPTIONS


@pytest.fixture(scope="session")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    synthetic.write(folder, train_per_class=2, val_per_class=1)
    (folder / "train" / "left" / "broken.avi").write_bytes(b"no video at all")
    return folder


@pytest.fixture(scope="session")
def undisturbed(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "records"
    prepare(videos, out, OPTIONS, workers=2)
    return out
