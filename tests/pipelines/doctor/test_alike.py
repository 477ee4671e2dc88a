"""Doctor and recordings that stand on two sides: in splits, between groups, in parts of one file, and not at all."""

import json
import shutil

import numpy as np
import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.commands import doctor as command
from pipelines.doctor import alike, checks
from pipelines.leaks.matching import SAME_BACKGROUND, SAME_MOMENTS
from pipelines.video import write_video
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=1, height=32, width=32)
MOMENTS = "same moments in several splits"


def moving(seed, frames=75):
    """A patterned place over which a square wanders: (frames, 72, 96, 3) uint8."""
    rng = np.random.default_rng(seed)
    place = np.kron(rng.integers(40, 200, (6, 8, 3)), np.ones((12, 12, 1))).astype("uint8")
    start, speed = rng.uniform(0, 1, 2), rng.uniform(0.3, 0.6, 2) * rng.choice([-1, 1], 2)
    for i in range(frames):
        frame = place.copy()
        y, x = (((start + speed * i / 25) % 1) * (48, 72)).astype(int)
        frame[y:y + 24, x:x + 24] = 255 if seed % 2 else 0
        yield frame


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """train/run: three scenes, of which val/run has one anew, smaller and begun later, and one as a copy."""
    folder = tmp_path_factory.mktemp("alike") / "data"
    for split in ("train", "val"):
        (folder / split / "run").mkdir(parents=True)
    for seed in range(3):
        write_video(folder / f"train/run/{seed}.avi", moving(seed), 25)
    write_video(folder / "val/run/piece.mp4", [frame[::2, ::2] for frame in moving(0)][11:], 25)
    shutil.copy(folder / "train/run/1.avi", folder / "val/run/copy.avi")
    write_video(folder / "val/run/new.avi", moving(7), 25)
    return folder


@pytest.mark.slow
def test_a_piece_in_another_split_is_told_and_a_copy_is_told_as_a_copy(data):
    report = checks.check(data, CLIP, workers=2)
    (row,) = report["leaks"]
    assert [row["first"], row["second"]] == [str(data / "train/run/0.avi"), str(data / "val/run/piece.mp4")]
    assert row["kind"] == SAME_MOMENTS
    assert row["offset"] == pytest.approx(11 / 25, abs=0.1)
    warnings = {warning["kind"]: warning for warning in report["warnings"]}
    assert warnings[MOMENTS]["paths"] == sorted([row["first"], row["second"]])
    assert warnings[MOMENTS]["details"][0].startswith(f"{row['first']} = {row['second']} (")
    assert "duplicates across splits" in warnings
    assert json.dumps(report)


def test_without_splits_groups_are_the_sides(data):
    found = {}
    for groups in ("ab", "aa"):
        entries = [Entry(str(data / "train/run/0.avi"), (0,), group=groups[0]),
                   Entry(str(data / "val/run/piece.mp4"), (0,), group=groups[1])]
        found[groups] = checks.check(Manifest(entries, ["run"]), CLIP, workers=1)["leaks"]
    assert [row["kind"] for row in found["ab"]] == [SAME_MOMENTS]
    assert found["aa"] == []


@pytest.mark.slow
def test_parts_of_one_file_in_two_splits_share_where_they_overlap(tmp_path):
    path = str(tmp_path / "long.avi")
    write_video(path, moving(2, frames=160), 25)

    def kinds(start):
        entries = [Entry(path, (0,), 0.0, 3.2, "train"), Entry(path, (0,), start, 6.4, "val")]
        return [row["kind"] for row in checks.check(Manifest(entries, ["run"]), CLIP, workers=1)["leaks"]]

    assert kinds(0.8) == [SAME_MOMENTS]
    assert kinds(3.2) == [SAME_BACKGROUND]


def test_it_can_be_left_out_and_is_not_done_for_nothing(data, monkeypatch, capsys):
    monkeypatch.setattr(alike, "alike", lambda *args: pytest.fail("not asked for"))
    assert "leaks" in checks.check(data, CLIP, workers=2, leaks=False)
    manifest = Manifest([Entry(str(data / "train/run/0.avi"), (0,), group="a")] * 2, ["run"])
    assert not alike.worth_looking(manifest)


@pytest.mark.slow
def test_too_many_videos_are_said_and_not_looked_at(data, monkeypatch):
    monkeypatch.setattr(alike, "MOST", 2)
    report = checks.check(data, CLIP, workers=2)
    assert report["leaks"] == []
    assert "not looked for" in [warning["kind"] for warning in report["warnings"]]


@pytest.mark.slow
def test_the_command_tells(data, capsys):
    import argparse

    parser = argparse.ArgumentParser()
    command.add_flags(parser)
    assert command.run(parser.parse_args([str(data), "--workers=2"])) == 0
    out = capsys.readouterr().out
    assert f"  {MOMENTS}: 2 videos show the same moments as one of another of the splits." in out
