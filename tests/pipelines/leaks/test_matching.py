"""Planted copies are found, and takes of one place told from copies: made of pictures, and, slowly, of real files."""

import numpy as np
import pytest

from benchmarks import leaks as bench
from pipelines.leaks.hashes import bits_of, mirrored_bits
from pipelines.leaks.matching import SAME_BACKGROUND, SAME_MOMENTS, find_alike
from pipelines.leaks.signature import RATE, Signature, small
from pipelines.video.opencv import resize_image


def seen(seed, take=0, first=0, last=None, noise=2.0, step=6, change=lambda frame: frame):
    """The signature of a generated scene, with the noise of an encoding, at about four pictures a second."""
    rng = np.random.default_rng([seed, take, first])
    frames = [change(frame) for frame in bench.scene(seed, take, seconds=6)][first:last:step]
    gray = np.stack([resize_image(frame.mean(axis=2).astype("uint8"), (96, 108), "area") for frame in frames])
    noisy = np.clip(gray + rng.normal(0, noise, gray.shape), 0, 255).astype("uint8")
    return Signature((np.arange(len(noisy)) * step / bench.RATE).astype("float32"), small(noisy))


@pytest.fixture(scope="module")
def scenes():
    return [seen(seed) for seed in range(6)]


def test_hashes_of_a_mirrored_picture_are_those_of_the_mirror():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 36), "uint8")
    np.testing.assert_array_equal(mirrored_bits(bits_of(pictures)), bits_of(pictures[:, :, ::-1]))
    assert not bits_of(np.full((2, 32, 36), 77, "uint8")).any()


@pytest.mark.slow
def test_different_scenes_are_not_alike(scenes):
    assert find_alike(scenes, range(6)) == ([], 0)


@pytest.mark.slow
def test_a_piece_that_begins_later_is_found_with_its_place_in_time(scenes):
    piece = seen(2, first=31, last=140)  # 1.24 s in, between two pictures of the whole
    (found,), _ = find_alike([*scenes, piece], [*"aaaaaa", "b"])
    assert (found.first, found.second, found.kind, found.mirrored, found.speed) == (2, 6, SAME_MOMENTS, False, 1.0)
    assert found.offset == pytest.approx(1.24, abs=0.1)
    assert found.seconds == pytest.approx(4.3, abs=0.6)


def test_a_mirror_image_is_found(scenes):
    mirror = seen(1, change=lambda frame: frame[:, ::-1])
    (found,), _ = find_alike([*scenes, mirror], [*"aaaaaa", "b"])
    assert (found.first, found.kind, found.mirrored) == (1, SAME_MOMENTS, True)


def test_brighter_is_no_other_video(scenes):
    bright = seen(3, change=lambda frame: (0.8 * frame + 40).astype("uint8"))
    (found,), _ = find_alike([*scenes, bright], [*"aaaaaa", "b"])
    assert (found.first, found.kind) == (3, SAME_MOMENTS)


@pytest.mark.slow
def test_another_take_of_a_place_is_no_copy():
    corners = {seed: [frame[0, 0, 0] for frame in bench.scene(seed, seconds=1, every=24)] for seed in range(12)}
    still = [seed for seed, (before, after) in corners.items() if before == after][:3]
    takes = [seen(seed, take) for seed in still for take in (0, 1)]
    found, _ = find_alike(takes, range(6))
    assert {(one.first, one.second) for one in found} <= {(0, 1), (2, 3), (4, 5)}
    assert {one.kind for one in found} == {SAME_BACKGROUND}


def test_a_still_picture_is_of_a_place_and_of_no_moment(scenes):
    still = Signature(scenes[0].times, np.repeat(scenes[0].pictures[:1], len(scenes[0].times), axis=0))
    again = Signature(still.times, np.clip(still.pictures.astype(int) + 3, 0, 255).astype("uint8"))
    (found,), _ = find_alike([still, again], "ab")
    assert found.kind == SAME_BACKGROUND


def test_one_side_is_not_compared_with_itself(scenes):
    assert find_alike([scenes[0], scenes[0]], "aa") == ([], 0)
    assert find_alike([], []) == ([], 0)


def test_what_is_not_looked_at_closely_is_counted(scenes):
    found, left = find_alike([scenes[0], scenes[0], scenes[1], scenes[1]], "abab", most=1)
    assert (len([one for one in found if one.kind == SAME_MOMENTS]), left) == (1, 1)


@pytest.mark.slow
def test_planted_files_are_found(tmp_path):
    """All of a dozen; benchmarks/leaks.py has the share of hundreds."""
    tally, signatures = bench.plants(12, tmp_path)
    assert tally.pop("second take")[0] == 0  # of those whose camera is still
    assert tally == {name: [12, 12] for name in ("encoded", "bars", "mirrored", "half speed", "overlap")}
    assert find_alike(signatures, range(12)) == ([], 0)
    assert RATE == 4
