"""What several tests of the pipelines share."""

import collections

import numpy as np
import pytest

from pipelines.video import opencv
from pipelines.video.writer import write_video


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of generated videos, one a class and split, that no test changes."""
    from pipelines import synthetic

    folder = tmp_path_factory.mktemp("videos")
    synthetic.write(folder, train_per_class=1, val_per_class=1)
    return folder


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """A video of 3200 frames, each of which has its number in it, in bits."""
    # What is special about an hour begins at two minutes.
    path = tmp_path_factory.mktemp("long") / "recording.mp4"
    bits = np.arange(3200)[:, None] >> np.arange(12) & 1
    pictures = np.repeat(np.repeat(bits[:, None, :, None], 32, 1), 4, 2).astype(np.uint8) * 255
    write_video(path, np.repeat(pictures, 3, 3), fps=25.0)
    return str(path)


@pytest.fixture
def grabs(monkeypatch):
    """Counts, under "grabs", the frames that are decoded while a test runs."""
    counted, grab = collections.Counter(), opencv.Decoder.grab

    def counting(self):
        counted["grabs"] += 1
        return grab(self)

    monkeypatch.setattr(opencv.Decoder, "grab", counting)
    return counted
