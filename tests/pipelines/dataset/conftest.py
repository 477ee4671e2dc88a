"""Videos that tests of clips and batches share."""

import pytest

from tests.pipelines.dataset.numbered import VIDEOS, make_video


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Seven videos of three classes: 0 to 3 jump, 4 and 5 run, 6 walks. Read them, do not write there."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(VIDEOS):
        label = ("jump", "jump", "jump", "jump", "run", "run", "walk")[number]
        make_video(folder / label / f"{number}.mkv", number)
    return folder
