"""`res3d bench pipeline`: every phase has a rate, and the verdict follows from them."""

import itertools
import json

import numpy as np
import pytest
import tensorflow as tf

from pipelines.bench import phases, rates
from pipelines.video.writer import write_video
from res3d.commands import main


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(4):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        write_video(tmp_path / "ab"[number % 2] / f"{number}.avi", rng.integers(0, 256, (12, 24, 32, 3), np.uint8))
    (tmp_path / "a" / "bad.avi").write_bytes(b"")
    return tmp_path


@pytest.mark.slow
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
    assert ("headspace" in found) == ("step" in phases)
    assert found["remedy"]
    assert (found["clip"], found["workers"], found["videos"]) == ([4, 16, 16, 3], 2, 5)
    assert [row["path"] for row in found["bad"]] == [str(folder / "a" / "bad.avi")]


@pytest.mark.slow
@pytest.mark.parametrize("augment", ["none", "color"])
def test_records(folder, tmp_path_factory, capsys, augment):
    records = str(tmp_path_factory.mktemp("prepared") / "records")
    assert main.main(["prepare", str(folder), records, "--clip=4x2x16", "--workers=1"]) == 0
    capsys.readouterr()
    code = main.main(["bench", "pipeline", records, "--clip=4x2x16", "--batch_size=2", "--json", "--model=none",
                      "--seconds=0.05", f"--augment={augment}"])
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    phases = {"decode", "batch", "pipeline"} | ({"augment"} if augment != "none" else set())
    assert set(found["clips_per_second"]) == phases
    assert all(rate > 0 for rate in found["clips_per_second"].values())
    assert (found["videos"], found["measured"], found["bad"]) == (4, 4, [])


@pytest.mark.slow
def test_of_many_videos_some_are_measured(folder, capsys, monkeypatch):
    monkeypatch.setattr(phases, "MIN_VIDEOS", 2)
    monkeypatch.setattr(rates, "probe_rate", lambda manifest, workers, seconds: 0.1)
    assert main.main(["bench", "pipeline", str(folder), "--clip=4x2x16", "--batch_size=2", "--model=none",
                      "--seconds=0.05"]) == 0
    assert "2 of 5 videos, clips of 4x16x16x3" in capsys.readouterr().out


def test_an_epochs_last_batch_counts_as_what_it_is(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(rates.time, "perf_counter", lambda: next(clock) / 8)  # an eighth of a second a look
    batches = tf.data.Dataset.range(3).map(lambda number: (number, number)).batch(2)  # 2 and 1, 3 an epoch
    assert rates.pipeline_rate(batches, 1.0) == rates.rate(itertools.cycle([2, 1]).__next__, 1.0)


@pytest.mark.slow
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


@pytest.mark.parametrize(("found", "workers", "slowest", "words"), [
    ({"decode": 40.0, "augment": 90.0, "batch": 900.0, "pipeline": 35.0, "step": 10.0}, 4, "step", "nothing to gain"),
    ({"decode": 40.0, "augment": 90.0, "batch": 900.0, "pipeline": 35.0, "step": 99.0}, 4, "decode", "res3d prepare"),
    ({"decode": 40.0, "augment": 90.0, "batch": 900.0, "pipeline": 35.0}, 1, "decode", "4 cores and 1 in use"),
    ({"decode": 90.0, "augment": 40.0, "batch": 900.0, "pipeline": 35.0, "step": 99.0}, 4, "augment", "augment less"),
    ({"decode": 90.0, "augment": 95.0, "batch": 900.0, "pipeline": 20.0, "step": 99.0}, 4, "pipeline", "cores free"),
])
def test_verdict(found, workers, slowest, words):
    name, remedy = phases.verdict(found, workers, cores=4)
    assert name == slowest
    assert words in remedy.format(cores=4, workers=workers)


def test_verdict_on_records():
    found = {"decode": 300.0, "batch": 9000.0, "pipeline": 280.0}
    assert "--short_side" in phases.verdict(found, 4, 4, records=True)[1]
    assert "4 cores and 2 in use" in phases.verdict(found, 2, 4, records=True)[1]
    assert phases.verdict(found | {"augment": 100.0}, 4, 4, records=True)[0] == "augment"


def test_errors_are_one_line(folder, capsys):
    assert main.main(["bench", "pipeline", str(folder), "--seconds=0"]) == 1
    assert "`--seconds` must be positive. Received: 0.0." in capsys.readouterr().err
    assert main.main(["bench", "pipeline", str(folder / "nothing")]) == 1
    assert "Nothing exists at" in capsys.readouterr().err
