"""`res3d bench pipeline`: every phase has a rate, and the verdict follows from them."""

import json

import numpy as np
import pytest

from pipelines.commands import bench
from pipelines.video import write_video
from res3d.commands import main


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(4):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        write_video(tmp_path / "ab"[number % 2] / f"{number}.avi", rng.integers(0, 256, (12, 24, 32, 3), np.uint8))
    (tmp_path / "a" / "bad.avi").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize("augment", ["none", "crop", "color"])
def test_json(folder, capsys, augment):
    code = main.main(["bench", "pipeline", str(folder), "--clip=4x2x16", "--batch_size=2", "--model=none", "--json",
                      "--seconds=0.05", "--workers=2", f"--augment={augment}"])
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    phases = {"probe", "decode", "batch", "pipeline"} | ({"augment"} if augment != "none" else set())
    assert set(found["clips_per_second"]) == phases
    assert all(rate > 0 for rate in found["clips_per_second"].values())
    assert found["bottleneck"] in phases
    assert found["remedy"]
    assert (found["clip"], found["workers"], found["videos"]) == ([4, 16, 16, 3], 2, 5)
    assert [row["path"] for row in found["bad"]] == [str(folder / "a" / "bad.avi")]


def test_table_with_a_network(folder, capsys):
    code = main.main(["bench", "pipeline", str(folder), "--clip=4x2x32", "--batch_size=2", "--model=r3d_10",
                      "--seconds=0.05"])
    assert code == 0
    text = capsys.readouterr().out
    assert "5 videos, clips of 4x32x32x3, batches of 2" in text
    assert "step of the network (r3d_10)" in text
    assert text.count("<- slowest") == 1
    assert "1 videos cannot be used" in text
    assert "Cheapest remedy: " in text


@pytest.mark.parametrize(("rates", "workers", "slowest", "words"), [
    ({"decode": 40.0, "augment": 90.0, "batch": 900.0, "pipeline": 35.0, "step": 10.0}, 4, "step", "nothing to gain"),
    ({"decode": 40.0, "augment": 90.0, "batch": 900.0, "pipeline": 35.0, "step": 99.0}, 4, "decode", "res3d prepare"),
    ({"decode": 40.0, "augment": 90.0, "batch": 900.0, "pipeline": 35.0}, 1, "decode", "4 cores and 1 in use"),
    ({"decode": 90.0, "augment": 40.0, "batch": 900.0, "pipeline": 35.0, "step": 99.0}, 4, "augment", "augment less"),
    ({"decode": 90.0, "augment": 95.0, "batch": 900.0, "pipeline": 20.0, "step": 99.0}, 4, "pipeline", "cores free"),
])
def test_verdict(rates, workers, slowest, words):
    name, remedy = bench.verdict(rates, workers, cores=4)
    assert name == slowest
    assert words in remedy.format(cores=4, workers=workers)


def test_errors_are_one_line(folder, capsys):
    assert main.main(["bench", "pipeline", str(folder), "--seconds=0"]) == 1
    assert "`--seconds` must be positive. Received: 0.0." in capsys.readouterr().err
    assert main.main(["bench", "pipeline", str(folder / "nothing")]) == 1
    assert "Nothing exists at" in capsys.readouterr().err
