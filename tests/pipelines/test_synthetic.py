"""The claim of the generated videos: frames say nothing of the class, motion says all; and what is written to disk."""

import dataclasses
import hashlib
import itertools

import numpy as np
import pytest

from pipelines import synthetic
from pipelines.manifest import read_manifest
from pipelines.video import reading


def scene(*seed, split="train"):
    return synthetic.draw_scene(np.random.default_rng(seed), synthetic.LOOKS[split])


def torus(a_scene):
    height, width = a_scene.background.shape[:2]
    return np.array([width, height, synthetic.PERIOD, 2 * np.pi])


def started_at(a_scene, start):
    return dataclasses.replace(a_scene, start=start)


def differ(a, b):
    return np.abs(a.astype(int) - b.astype(int)).max()


@pytest.mark.parametrize("label", synthetic.CLASSES)
@pytest.mark.parametrize("split", synthetic.LOOKS)
def test_every_frame_occurs_at_every_time_of_every_class(label, split):
    # Frame t of a clip started at `state - t * velocity` is the picture of `state`: a shift of the torus, under which
    # the uniform distribution of starts is what it was. So the distribution of frame t is the same for all classes.
    a_scene = scene(1, split=split)
    picture = synthetic.render(a_scene, a_scene.start)
    for t in (0, 1, 13, 31):
        back = started_at(a_scene, a_scene.start - t * a_scene.velocity(label))
        assert differ(synthetic.render_clip(back, label, t + 1)[t], picture) <= 1  # rounding, where a value is x.5


def test_states_lie_on_a_torus():
    for seed in range(5):
        a_scene = scene(2, seed)
        picture = synthetic.render(a_scene, a_scene.start)
        for turns in itertools.product((0, 1, -2), repeat=4):
            assert differ(synthetic.render(a_scene, a_scene.start + turns * torus(a_scene)), picture) <= 1


@pytest.mark.slow
def test_starts_are_uniform_and_independent():
    scenes = [scene(3, seed) for seed in range(1500)]
    starts = np.array([a_scene.start / torus(a_scene) for a_scene in scenes])
    even = (np.arange(len(starts)) + 0.5) / len(starts)
    # Kolmogorov-Smirnov at one in a thousand; the seeds are fixed.
    assert np.abs(np.sort(starts, axis=0) - even[:, None]).max() < 1.95 / np.sqrt(len(starts))
    others = np.array([[one.radius, one.speed, one.colors.mean(), one.waves[0, 0]] for one in scenes])
    between = np.corrcoef(np.concatenate([starts, others], 1), rowvar=False)[:4]
    assert np.abs(between - np.eye(4, 8)).max() < 3.9 / np.sqrt(len(starts))


@pytest.mark.parametrize("label", synthetic.CLASSES)
def test_backwards_is_the_opposite(label):
    a_scene = scene(4)
    forwards = synthetic.render_clip(a_scene, label, 20)
    end = started_at(a_scene, a_scene.start + 19 * a_scene.velocity(label))
    assert differ(synthetic.render_clip(end, synthetic.OPPOSITE[label], 20), forwards[::-1]) <= 1


def features(frames):
    """What a network of single frames might use: coarse picture, colours, edges by direction; (n, features)."""
    frames = frames[:, :64, :64].astype(float) / 255
    grey = frames.mean(-1)
    coarse = grey.reshape(-1, 8, 8, 8, 8).mean((2, 4)).reshape(len(grey), -1)
    dy, dx = np.gradient(grey, axis=(1, 2))
    angle, size = np.arctan2(dy, dx) % np.pi, np.hypot(dx, dy)
    edges = [(size * (np.floor(angle / np.pi * 8) == k)).sum((1, 2)) for k in range(8)]
    spread = [grey.std((1, 2)), *frames.mean((1, 2)).T, *frames.std((1, 2)).T]
    return np.concatenate([coarse, np.stack([*edges, *spread], 1)], 1)


def sample_clips(count, times, seed):
    """(features (clips, times, n), class numbers) of `count` clips a class, each of a scene of its own."""
    rows, classes = [], []
    for index in range(count):
        for number, label in enumerate(synthetic.CLASSES):
            a_scene = scene(seed, index, number)
            frames = [synthetic.render(a_scene, a_scene.start + t * a_scene.velocity(label)) for t in times]
            rows.append(features(np.stack(frames)))
            classes.append(number)
    return np.stack(rows), np.array(classes)


@pytest.fixture(scope="module")
def sampled():
    """Training and test halves; same look in both, which helps whoever wants to cheat."""
    times = (0, 7, 15, 23)
    return sample_clips(80, times, 5), sample_clips(50, times, 6)


def chance(trials):
    return 1 / 8 + 3.3 * np.sqrt(1 / 8 * 7 / 8 / trials)  # one in a thousand, on one side


@pytest.mark.slow
@pytest.mark.parametrize("time", [0, 3])
def test_neighbours_and_lines_on_single_frames_stay_at_chance(sampled, time):
    (train, known), (test, truth) = ((rows[:, time], classes) for rows, classes in sampled)
    mean, std = train.mean(0), train.std(0) + 1e-9
    train, test = (train - mean) / std, (test - mean) / std
    distance = (train**2).sum(1) - 2 * test @ train.T
    assert (known[distance.argmin(1)] == truth).mean() < chance(len(truth))
    assert (ridge(train, known, test) == truth).mean() < chance(len(truth))


@pytest.mark.slow
def test_logits_averaged_over_time_stay_low(sampled):
    # Any per-frame function of this family, averaged over time, as the 2D network averages its logits.
    (train, known), (test, truth) = sampled
    mean, std = train.mean((0, 1)), train.std((0, 1)) + 1e-9
    rng = np.random.default_rng(7)
    weights, bias = rng.normal(size=(train.shape[-1], 400)) / 5, rng.normal(size=400)
    averaged = [np.maximum((rows - mean) / std @ weights + bias, 0).mean(1) for rows in (train, test)]
    assert (ridge(averaged[0], known, averaged[1]) == truth).mean() < 0.25


def ridge(train, known, test):
    train, test = (np.concatenate([rows, np.ones((len(rows), 1))], 1) for rows in (train, test))
    gram = train.T @ train + 0.03 * len(train) * np.eye(train.shape[1])
    return (test @ np.linalg.solve(gram, train.T @ np.eye(8)[known])).argmax(1)


@pytest.mark.parametrize("split", synthetic.LOOKS)
def test_two_frames_tell_the_class(split):
    # Least squares of the brightness change on the four motions around the disc's centre: the class is in the motion.
    right = 0
    for index, label in itertools.product(range(10), synthetic.CLASSES):
        a_scene = scene(8, index, synthetic.CLASSES.index(label), split=split)
        a_scene = started_at(a_scene, np.array([*torus(a_scene)[:2] / 2, *a_scene.start[2:]]))
        before, after = (frame.mean(-1) for frame in synthetic.render_clip(a_scene, label, 2).astype(float))
        dy, dx = np.gradient((before + after) / 2)
        y, x = (np.indices(before.shape).T - torus(a_scene)[1::-1] / 2).T / a_scene.radius
        motions = np.stack([dx, dy, x * dx + y * dy, x * dy - y * dx], -1).reshape(-1, 4)
        found = -np.linalg.lstsq(motions, (after - before).ravel(), rcond=None)[0]
        unit = np.zeros(4)
        unit[np.abs(found).argmax()] = np.sign(found[np.abs(found).argmax()])
        right += tuple(unit) == synthetic.VELOCITIES[label]
    assert right >= 0.9 * 10 * len(synthetic.CLASSES)


def test_train_and_val_share_no_range():
    train, val = synthetic.LOOKS["train"], synthetic.LOOKS["val"]
    for name in ("waves", "cells", "frame_sizes", "rates"):
        assert not set(getattr(train, name)) & set(getattr(val, name))
    for name in ("radius", "speed"):
        for (low, high), (low_val, high_val) in itertools.product(getattr(train, name), getattr(val, name)):
            assert high <= low_val or high_val <= low


def test_written_videos(tmp_path):
    found = synthetic.write(tmp_path / "data", train_per_class=2, val_per_class=1, seed=3)
    assert found == read_manifest(tmp_path / "data")
    assert found.labels == list(synthetic.CLASSES)
    assert set(found.counts("train").values()) == {2}
    assert set(found.counts("val").values()) == {1}
    assert not list(tmp_path.rglob("*.part*"))
    written = {(entry.split, entry.label): entry.path for entry in found}  # the last of each class
    for label, frames, fps in synthetic.clips("val", 1, seed=3):
        path = written["val", synthetic.CLASSES.index(label)]
        info = reading.probe(path)
        assert (info.num_frames, info.height, info.width, 3) == frames.shape
        assert info.fps == pytest.approx(fps)
        decoded = reading.read_frames(path, range(len(frames)))
        assert np.abs(decoded.astype(int) - frames).mean() < 6  # JPEG at its usual quality
        assert info.key_frames == tuple(range(len(frames)))  # no frame is predicted from another


def contents(folder):
    return {path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_same_seed_same_files(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        synthetic.write(tmp_path / name, 1, 1, seed=seed)
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert all(a[path] != c[path] for path in a if path.suffix == ".avi")


def test_writing_again_keeps_what_is_there(tmp_path):
    synthetic.write(tmp_path / "data", 1, 1)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    synthetic.write(tmp_path / "data", 1, 1)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    with pytest.raises(ValueError, match=r"Expected an empty folder, or one with the same generated videos\. '.*/data' "
                                         r"holds something else\. Name another folder, or remove it\."):
        synthetic.write(tmp_path / "data", 2, 1)


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"`val_per_class` must be a whole number from 1 on\. Received: .*=0\."):
        synthetic.write(tmp_path / "data", 1, 0)
    with pytest.raises(ValueError, match=r"A generated split is one of train, val\. Received: 'test'\."):
        next(synthetic.clips("test"))
