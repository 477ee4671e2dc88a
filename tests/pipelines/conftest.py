"""What several tests of the pipelines share."""

import pytest


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of generated videos, one a class and split, that no test changes."""
    from pipelines import synthetic

    folder = tmp_path_factory.mktemp("videos")
    synthetic.write(folder, train_per_class=1, val_per_class=1)
    return folder
