"""Files that are no videos: left out, replaced, named and written down; or an error where that is asked for."""

import keras
import pytest
import tensorflow as tf

import pipelines
from pipelines.annotations.entries import Entry, Manifest
from pipelines.video import probe_cache
from pipelines.video.info import VideoError
from tests.pipelines.dataset.numbered import CLIP, frames_of, make_video, read, seen, videos_of


@pytest.fixture
def half_broken(folder, tmp_path):
    """Four good videos and four bad ones; (folder, names of the bad ones)."""
    for number in range(4):
        make_video(tmp_path / "data" / "ab"[number % 2] / f"{number}.mkv", number)
    whole = (folder / "jump" / "0.mkv").read_bytes()
    bad = {"a/empty.mkv": b"", "a/text.mkv": b"not a video at all" * 9, "b/cut.mkv": whole[:200],
           "b/zero.mkv": bytes(900)}
    for name, content in bad.items():
        (tmp_path / "data" / name).write_bytes(content)
    return tmp_path / "data", sorted(str(tmp_path / "data" / name) for name in bad)


def test_bad_videos_are_replaced_named_and_written_down(half_broken, tmp_path):
    folder, bad = half_broken
    epochs = {}
    for workers in (1, 4):
        table = tmp_path / f"quarantine{workers}.csv"
        train = pipelines.training_clips(folder, CLIP, 3, seed=3, workers=workers, quarantine_csv=table)
        epochs[workers] = [read(train) for _ in range(3)]
        assert [path for path, _ in train.quarantine] == bad
        assert [line.split(",")[0] for line in table.read_text().splitlines()] == ["path", *bad]
        assert not list(tmp_path.glob("*.part"))
    assert epochs[1] == epochs[4]
    for epoch in epochs[1]:
        assert sum(len(videos) for videos, _, _ in epoch) == 8
        assert set(seen(epoch)) == {0, 1, 2, 3}
        assert all(label == video % 2 for videos, _, labels in epoch for video, label in zip(videos, labels))


def test_known_bad_videos_change_nothing(half_broken):
    folder, _ = half_broken
    train = pipelines.training_clips(folder, CLIP, 3, seed=3)
    read(train)
    fresh = pipelines.training_clips(folder, CLIP, 3, seed=3, start_epoch=1)
    assert read(train) == read(fresh)


def test_a_bad_video_stops_those_who_want_that(half_broken, folder):
    broken, bad = half_broken
    with pytest.raises(VideoError) as raised:
        pipelines.training_clips(broken, CLIP, 3, workers=8, on_error="raise")
    assert raised.value.path == bad[0]
    manifest = Manifest([Entry(str(folder / "jump/0.mkv"), (0,)), Entry(bad[0], (0,))], ["a"])
    train = pipelines.training_clips(manifest, CLIP, 2, workers=1, on_error="raise")
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"Cannot read video '{bad[0]}': "):
        read(train)
    with pytest.raises(VideoError, match=f"^Cannot read video '{bad[0]}': "), train.plain_errors():
        read(train)


def test_nothing_but_bad_videos(half_broken):
    _, bad = half_broken
    manifest = Manifest([Entry(path, (0,)) for path in bad], ["a"])
    for make in (pipelines.training_clips, pipelines.evaluation_clips):
        with pytest.raises(ValueError, match=rf"Expected at least one video that decodes\. None of 4 does: '{bad[0]}': "
                                             r".*; and 1 more\. `res3d doctor` lists them all\."):
            make(manifest, CLIP, 2)


def test_videos_that_vanish_while_training(tmp_path):
    path = make_video(tmp_path / "a.mkv", 1)
    train = pipelines.training_clips(Manifest([Entry(str(path), (0,))], ["a"]), CLIP, 1)
    read(train)
    path.unlink()
    with pytest.raises(ValueError, match=r"Expected at least one video that decodes\. None of 1 does: "), \
            train.plain_errors():
        read(train)


def test_a_video_that_vanishes_while_evaluating_is_no_small_matter(tmp_path):
    paths = [make_video(tmp_path / f"{number}.mkv", number) for number in range(2)]
    val = pipelines.evaluation_clips(Manifest([Entry(str(path), (0,)) for path in paths], ["a"]), CLIP, 1)
    paths[1].unlink()
    with pytest.raises(VideoError, match=f"Cannot read video '{paths[1]}'"), val.plain_errors():
        read(val)


@pytest.mark.slow
def test_evaluation_has_every_good_video_and_no_other(half_broken, tmp_path):
    folder, bad = half_broken
    val = pipelines.evaluation_clips(folder, CLIP, 3, workers=2, quarantine_csv=tmp_path / "q.csv")
    assert (len(val), val.num_videos, len(val.manifest)) == (3, 8, 8)  # nothing is known of most of them
    expected = [(videos, [[6, 8, 10, 12]] * len(videos), [video % 2 for video in videos])
                for videos in ([0, 2], [1, 3])]  # 0 2 empty, text 1 3, cut zero
    assert read(val) == read(val) == expected
    assert (len(val), val.num_videos, int(val.cardinality())) == (2, 4, 2)
    assert [len(made) for made in (val.cache(), val.take(1), val.skip(1), val.repeat(2), val.map(lambda *clips: clips))
            ] == [2, 1, 1, 4, 2]
    assert [path for path, _ in val.quarantine] == bad
    assert len((tmp_path / "q.csv").read_text().splitlines()) == 5
    assert [entry.path for entry in val.videos] == [entry.path for entry in val.manifest if entry.path not in bad]
    assert [entry.label for entry in val.videos] == [0, 0, 1, 1]
    with pytest.raises(ValueError, match="Expected training clips, which have epochs"):
        val.at(0)
    shares = [seen(read(pipelines.evaluation_clips(folder, CLIP, 3, shard=(index, 2)))) for index in range(2)]
    assert shares == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match=r"Expected a protocol with one clip a video.* Received: 'sliding"):
        pipelines.evaluation_clips(folder, CLIP, 3, protocol="sliding_16")


def test_evaluation_opens_no_video_before_it_is_due(half_broken, monkeypatch):
    opened = []
    monkeypatch.setattr(probe_cache, "probe", lambda source, real=probe_cache.probe: (opened.append(source),
                                                                                       real(source))[1])
    folder, _ = half_broken
    val = pipelines.evaluation_clips(folder, CLIP, 3, workers=1)
    assert len(opened) == 1
    assert [entry.label for entry in val.videos] == [0, 0, 1, 1]  # exact before any clip was read
    assert (len(opened), len(val), val.num_videos) == (8, 2, 4)


def test_evaluation_knows_of_bad_videos_from_a_former_run(half_broken, tmp_path):
    folder, bad = half_broken
    options = {"workers": 1, "probe_cache": tmp_path / "probes"}
    read(pipelines.evaluation_clips(folder, CLIP, 3, **options))
    val = pipelines.evaluation_clips(folder, CLIP, 3, **options)
    assert (len(val), val.num_videos, [path for path, _ in val.quarantine]) == (2, 4, bad)


def test_validation_of_which_videos_are_broken_fits_without_a_warning(half_broken):
    folder, _ = half_broken
    val = pipelines.evaluation_clips(folder, CLIP, 4)
    model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling3D(),
                              keras.layers.Dense(val.num_classes)])
    assert [len(model.predict(val, verbose=0)) for _ in range(2)] == [4, 4]


def test_views_of_a_protocol(half_broken, tmp_path):
    folder, bad = half_broken
    views = pipelines.evaluation_views(folder, CLIP, "sliding_16", workers=3, quarantine_csv=tmp_path / "q.csv")
    found = [(videos_of(clips), frames_of(clips), int(label), int(video)) for clips, label, video in views]
    assert [(videos[0], label) for videos, _, label, _ in found] == [(0, 0), (2, 0), (1, 1), (3, 1)]
    assert [str(folder / "ab"[label] / f"{videos[0]}.mkv") for videos, _, label, _ in found] == [
        views.manifest.entries[video].path for *_, video in found]
    assert found[0][1] == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18, 16, 18]]
    assert [path for path, _ in views.quarantine] == bad
    assert len((tmp_path / "q.csv").read_text().splitlines()) == 5
    assert views.num_videos == 8
