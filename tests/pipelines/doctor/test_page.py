"""The page of a data set: what to do first, and pictures of what there is."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from pipelines.annotations.entries import Entry, Manifest
from pipelines.doctor import page, stills
from pipelines.video import writer


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


def test_what_spoils_a_figure_comes_first():
    warnings = [{"kind": kind, "message": "", "advice": "", "details": []}
                for kind in ("cost", "same background in several splits", "duplicates across splits")]
    found = page.steps({"bad": [{"path": "a", "reason": "empty"}], "bad_parts": [], "warnings": warnings})
    assert [(step["kind"], step["grave"]) for step in found] == [
        ("duplicates across splits", True), ("unusable", True), ("same background in several splits", True),
        ("cost", False)]
