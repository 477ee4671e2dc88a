"""`res3d features`: arrays with their names, equal to what the network computes."""

import keras
import numpy as np
import pytest

from pipelines.sample import clips
from pipelines.video import reading
from res3d.workflows.loading import load_network

pytestmark = pytest.mark.slow


def test_stages_are_pooled_and_named(trained, motion, tmp_path, console):
    file = tmp_path / "f.npz"
    code, out, _ = console("features", f"--model={trained}", f"--data={motion}", "--split=val", f"--output={file}",
                           "--stages=stem,stage4,head_pool")
    assert code == 0
    assert "stage4 (8, " in out
    found = np.load(file)
    assert set(found) == {"videos", "labels", "truth", "stem", "stage4", "head_pool"}
    assert len(found["videos"]) == 8
    np.testing.assert_allclose(found["stage4"], found["head_pool"], rtol=1e-4, atol=1e-6)
    model, clip, labels, _ = load_network(trained)
    assert found["labels"].tolist() == labels
    path = str(found["videos"][0])
    pixels = reading.read_clip(path, clips.centre_clip(reading.probe(path), clip), clip)
    stem = np.asarray(keras.Model(model.input, model.get_layer("stem").output)(pixels[None]))
    np.testing.assert_allclose(found["stem"][0], stem.mean(axis=(0, 1, 2, 3)), rtol=1e-4, atol=1e-5)
    assert not list(tmp_path.glob("*.part"))


def test_whole_stages_keep_time_and_space(trained, motion, tmp_path, console):
    file = tmp_path / "f.npz"
    assert console("features", f"--model={trained}", f"--data={motion / 'val'}", f"--output={file}", "--whole",
                   "--stages=stage1")[0] == 0
    assert np.load(file)["stage1"].ndim == 5


def test_windows_of_a_video_have_a_row_each_and_their_seconds(trained, motion, tmp_path, console):
    video = next((motion / "val").rglob("*.avi"))
    (tmp_path / "one" / "up").mkdir(parents=True)
    (tmp_path / "one" / "up" / "a.avi").symlink_to(video)
    rows, mean = tmp_path / "rows.npz", tmp_path / "mean.npz"
    flags = ["features", f"--model={trained}", f"--data={tmp_path / 'one'}", "--protocol=sliding_16"]
    code, out, _ = console(*flags, f"--output={rows}", "--windows")
    assert (code, console(*flags, f"--output={mean}")[0]) == (0, 0)
    found, times = np.load(rows), reading.probe(video).times_seconds
    count = -(-len(times) // 4)  # windows of four frames, one after the other
    assert f"head_pool ({count}, " in out
    assert [len(found[name]) for name in ("videos", "truth", "head_pool")] == [count] * 3
    ends = [min(first + 3, len(times) - 1) for first in range(0, len(times), 4)]
    np.testing.assert_allclose(found["seconds"], [(times[first], times[last]) for first, last
                                                  in zip(range(0, len(times), 4), ends)])
    np.testing.assert_allclose(found["head_pool"].mean(axis=0), np.load(mean)["head_pool"][0], rtol=1e-4, atol=1e-5)


def test_an_unknown_stage(trained, motion, tmp_path, console):
    code, _, err = console("features", f"--model={trained}", f"--data={motion}", f"--output={tmp_path / 'f'}",
                           "--stages=stage9")
    assert code == 1
    assert "`--stages` must name layers of the network: clip, pixels, stem" in err


def test_videos_too_short_for_the_protocol(trained, motion, tmp_path, console):
    code, _, err = console("features", f"--model={trained}", f"--data={motion / 'val'}", f"--output={tmp_path / 'f'}",
                           "--protocol=tsn_25x10")
    assert code == 1
    assert "None of 8 can; '" in err
    assert "protocol tsn_25x10 takes at least 28 frames, and it has 1" in err


def test_a_folder_that_is_not_there_is_told_before_the_videos_are_read(trained, tmp_path, console):
    code, _, err = console("features", f"--model={trained}", "--data=/nowhere", f"--output={tmp_path / 'no' / 'f.npz'}")
    assert code == 1
    assert "`--output` must be a file in a folder that is there. Received: '" in err
