"""TensorBoard reads back what was written."""

import io

import numpy as np
import pytest

from res3d.training.logs import EventLog, animated_gif

pytest.importorskip("tensorboard")


def events(folder):
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found = {}
    for path in sorted(folder.glob("events.*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                found[value.tag] = event.step
    return found


def test_scalars_and_clips_arrive(tmp_path):
    log = EventLog(tmp_path)
    log.scalars({"loss": 0.5, "accuracy": 1}, 3)
    log.clips("input", np.zeros((2, 4, 8, 8, 3), "uint8"), 0)
    log.close()
    assert events(tmp_path) == {"loss": 3, "accuracy": 3, "input/0": 0, "input/1": 0}


def test_nothing_is_written_before_there_is_something(tmp_path):
    EventLog(tmp_path).close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("channels", [1, 3])
def test_a_clip_plays(channels):
    from PIL import Image

    clip = np.stack([np.full((4, 6, channels), 80 * i, "uint8") for i in range(3)])
    with Image.open(io.BytesIO(animated_gif(clip, fps=10))) as picture:
        assert picture.n_frames == 3
        assert picture.size == (6, 4)
