"""The page of a data set: what to do first, and pictures of what there is."""

import base64
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from pipelines.annotations.entries import Entry, Manifest
from pipelines.doctor import checks, page, stills
from pipelines.video import writer
from res3d.geometry import ClipSpec


@pytest.fixture(scope="module")
def gray(tmp_path_factory):
    """A video of 40 frames, each of which is as bright as its number times six."""
    path = tmp_path_factory.mktemp("gray") / "gray.avi"
    writer.write_video(str(path), [np.full((40, 60, 3), 6 * i, np.uint8) for i in range(40)], fps=10.0)
    return str(path)


def brightness(film):
    """The brightness of each frame of a film, in the units of `gray`."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(film["source"].split(",")[1]))).convert("L"), float)
    return [float(part.mean() / 6) for part in np.array_split(pixels, film["frames"], axis=1)]


@pytest.mark.parametrize(("seconds", "first"), [(0.0, 0), (1.5, 15), (None, 16)])
def test_a_film_begins_where_it_should(gray, seconds, first):
    found = brightness(stills.still(gray, seconds))
    np.testing.assert_allclose(found, first + 4 * np.arange(6), atol=0.6)  # MJPEG and JPEG round


def test_a_video_that_has_gone_is_no_film(tmp_path):
    assert stills.still(str(tmp_path / "gone.avi")) is None


def test_some_videos_of_each_class_stand_on_the_wall(gray, monkeypatch):
    monkeypatch.setattr(stills, "MOST", 4)
    found = stills.wall(Manifest([Entry(gray, (0,)), Entry(gray, (1,)), Entry("gone.avi", (1,))], ["a", "b"]))
    assert {label: [(path, film is not None) for path, film in films] for label, films in found.items()} == {
        "a": [(gray, True)], "b": [(gray, True), ("gone.avi", False)]}


def test_pairs_are_shown_where_they_agree(gray):
    row = {"first": gray, "second": gray, "kind": "same moments", "offset": -2.0, "speed": 1.0}
    ((_, first, second),) = stills.pairs([row])
    assert brightness(first)[0] == pytest.approx(0, abs=0.6)
    assert brightness(second)[0] == pytest.approx(20, abs=0.6)


def test_copies_on_two_sides_of_a_split_are_shown_side_by_side(gray):
    groups = [[gray, "b = c.avi"], ["of two splits.avi"], [gray, "d.avi", "e.avi"]]
    warnings = [{"kind": "duplicates", "groups": [["x", "y"]]}, {"kind": "duplicates across splits", "groups": groups}]
    rows = stills.copies({"warnings": warnings})
    assert [(row["first"], row["second"]) for row in rows] == [(gray, "b = c.avi"), (gray, "d.avi")]
    (row, first, second), _ = stills.pairs(rows)
    assert row["kind"] == "duplicates across splits"
    assert brightness(first)[0] == pytest.approx(0, abs=0.6)
    assert second is None


def test_paths_are_told_inside_the_data_and_classes_stand_on_a_wall(gray, tmp_path, monkeypatch):
    for place in ("train/up/a.avi", "val/up/copy.avi"):
        (tmp_path / "data" / place).parent.mkdir(parents=True)
        shutil.copy(gray, tmp_path / "data" / place)
    monkeypatch.chdir(tmp_path)
    report = checks.check("data", ClipSpec(frames=4, stride=2, height=32, width=32), workers=1, leaks=False)
    page.write_page("page.html", report, "data", checks.usable(checks.manifest_of("data"), report))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "train/up/a.avi = val/up/copy.avi" in text
    assert "1 video is in more than one split" in text
    assert '<div class="wall"' in text
    alike = text.partition('<section id="alike">')[2].partition("</section>")[0]
    assert alike.count("<img") == 2


def test_what_spoils_a_figure_comes_first():
    warnings = [{"kind": kind, "message": "", "advice": "", "details": []}
                for kind in ("cost", "same background in several splits", "duplicates across splits")]
    found = page.steps({"bad": [{"path": "a", "reason": "empty"}], "bad_parts": [], "warnings": warnings})
    assert [(step["kind"], step["grave"]) for step in found] == [
        ("duplicates across splits", True), ("unusable", True), ("same background in several splits", True),
        ("cost", False)]
