"""Generated videos, and the records prepared of them; read them, do not write there."""

import pytest

from pipelines import synthetic
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from tests.pipelines.dataset.from_records.compared import CLIP


@pytest.fixture(scope="session")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    synthetic.write(folder, train_per_class=2, val_per_class=1)
    return folder


@pytest.fixture(scope="session")
def prepared(videos, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "records"
    prepare(videos, out, PrepareOptions(CLIP, shard_clips=6), workers=2)
    return out
