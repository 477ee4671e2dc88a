"""The README's moving picture: it moves, is light, and is put together as its module says."""

import numpy as np
import pytest
from PIL import Image

from docs import animation
from pipelines.video import writer


def test_the_picture_moves_and_is_light():
    with Image.open(animation.ANIMATION) as picture:
        assert picture.n_frames == animation.FRAMES
        assert picture.width < 1000
    assert animation.ANIMATION.stat().st_size < 1_000_000
    readme = (animation.ANIMATION.parents[2] / "README.md").read_text(encoding="utf-8")
    assert "(docs/pictures/demo.webp)" in readme


def test_a_short_video_is_shown_over_and_over_with_its_answer(tmp_path):
    frames = np.full((5, 48, 64, 3), 200, np.uint8)
    frames[2] = 40
    writer.write_video(str(tmp_path / "a.avi"), frames)
    film = animation.film(tmp_path / "a.avi", [{"label": "up", "score": 0.5}])
    assert film.shape == (animation.FRAMES, animation.SIDE, animation.SIDE, 3)
    upper = film[:, 10:100].mean(axis=(1, 2, 3))
    assert [place for place, value in enumerate(upper) if value < 100] == list(range(2, animation.FRAMES, 5))
    assert film[0, -5:].mean() < 100, "the answer stands on a dark strip"


@pytest.mark.slow
def test_films_lie_beside_and_below_each_other(tmp_path):
    films = [np.full((animation.FRAMES, animation.SIDE, animation.SIDE, 3), 40 * i, np.uint8) for i in range(5)]
    for film in films:
        film[1::2] += 60
    animation.save(tmp_path / "a.webp", films)
    step = animation.SIDE + animation.GAP
    with Image.open(tmp_path / "a.webp") as picture:
        assert picture.size == (4 * step - animation.GAP, 2 * step - animation.GAP)
        middle = animation.SIDE // 2
        value = np.asarray(picture.convert("RGB"))[step + middle, middle].mean()
        assert abs(value - 160) < 8, "WebP rounds"
