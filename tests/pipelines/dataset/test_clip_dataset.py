"""A dataset keeps what is known of its clips through the methods that say so, and through no others."""

import types

import pytest
import tensorflow as tf

from pipelines.annotations.entries import Entry, Manifest
from pipelines.dataset.clip_dataset import ClipDataset
from pipelines.dataset.epochs import EpochCounter
from pipelines.dataset.fallback import Fallback
from pipelines.dataset.quarantine import Quarantine
from pipelines.video.info import VideoError
from res3d.geometry import ClipSpec

SOURCE = types.SimpleNamespace(manifest=Manifest([], ["jump", "run"]), clip=ClipSpec(),
                               fallback=Fallback([], Quarantine()))
ALIKE = {
    "map": lambda data: data.map(lambda number: number + 1),
    "prefetch": lambda data: data.prefetch(1),
    "with_options": lambda data: data.with_options(tf.data.Options()),
}
CHANGED = {
    "batch": lambda data: data.batch(2),
    "cache": lambda data: data.cache(),
    "filter": lambda data: data.filter(lambda number: True),
    "rebatch": lambda data: data.map(lambda number: tf.expand_dims(number, 0)).rebatch(2),
    "repeat": lambda data: data.repeat(2),
    "shard": lambda data: data.shard(2, 0),
    "shuffle": lambda data: data.shuffle(4, seed=1),
    "skip": lambda data: data.skip(1),
    "take": lambda data: data.take(2),
    "unbatch": lambda data: data.map(lambda number: tf.expand_dims(number, 0)).unbatch(),
}
PLAIN = {
    "concatenate": lambda data: data.concatenate(tf.data.Dataset.range(1)),
    "enumerate": lambda data: data.enumerate(),
    "flat_map": lambda data: data.flat_map(tf.data.Dataset.range),
    "interleave": lambda data: data.interleave(tf.data.Dataset.range),
    "window": lambda data: data.window(2),
}


def numbers(epoch=0, step=0, fixed=False):
    """Batches 10 e, ..., 10 e + 3 in epoch e, as training clips would give them."""
    counter = EpochCounter(epoch, step, 4, fixed)
    data = tf.data.Dataset.range(1).map(lambda _: tf.numpy_function(lambda: counter.begin(), [], [tf.int64] * 2))
    data = data.flat_map(lambda epoch, step: tf.data.Dataset.range(10 * epoch + step, 10 * epoch + 4))
    return ClipDataset(data, SOURCE, 4, 4, counter, lambda epoch, step: numbers(epoch, step, True))


def knows_the_clips(data):
    assert isinstance(data, ClipDataset)
    assert data.labels == ["jump", "run"]
    assert (data.num_classes, data.num_videos, data.clip) == (2, 4, ClipSpec())
    assert data.manifest is SOURCE.manifest
    assert data.quarantine is SOURCE.fallback.quarantine
    return True


@pytest.mark.parametrize("name", ALIKE)
def test_what_changes_no_number_of_batches_knows_all(name):
    data = ALIKE[name](numbers())
    assert knows_the_clips(data)
    assert (data.steps_per_epoch, len(data), data.epoch) == (4, 4, 0)
    data.epoch = 2
    first = 20 + (name == "map")
    assert [int(number) for number in data] == list(range(first, first + 4))


@pytest.mark.parametrize("name", CHANGED)
def test_what_changes_the_batches_keeps_the_labels(name):
    data = CHANGED[name](numbers())
    assert knows_the_clips(data)
    assert data.steps_per_epoch is None
    with pytest.raises(AttributeError, match="Only training clips count epochs"):
        _ = data.epoch
    with pytest.raises(AttributeError, match="Set `epoch` of what `training_clips` gave"):
        data.epoch = 2
    found = [int(number) for element in data.at(3, 1) for number in tf.reshape(element, [-1])]
    assert found
    assert {number // 10 for number in found} == {3}
    assert found == [int(number) for element in CHANGED[name](numbers(3, 1)) for number in tf.reshape(element, [-1])]


@pytest.mark.parametrize("name", PLAIN)
def test_others_give_a_plain_dataset(name):
    data = PLAIN[name](numbers())
    assert isinstance(data, tf.data.Dataset)
    assert not isinstance(data, ClipDataset)


def test_the_docstring_says_which_is_which():
    text = ClipDataset.__doc__
    alike, changed, plain = text.index("`map`"), text.index("`batch`"), text.index("The other methods")
    for names, low, high in ((ALIKE, alike, changed), (CHANGED, changed, plain), (PLAIN, plain, len(text))):
        for name in names:
            assert low <= text.index(f"`{name}`") < high, name


def test_attributes_that_it_has_not():
    with pytest.raises(AttributeError, match="'ClipDataset' object has no attribute 'classes'"):
        _ = numbers().classes


def test_evaluation_clips_have_no_epochs():
    data = ClipDataset(tf.data.Dataset.range(3), SOURCE, 3, 3)
    assert (len(data), data.map(lambda number: number).steps_per_epoch) == (3, 3)
    for same in (data, data.take(1), data.prefetch(1)):
        with pytest.raises(ValueError, match=r"Expected training clips, which have epochs\. Received evaluation clips"):
            same.at(0)


@pytest.mark.parametrize(("place", "words"), [
    ((-1,), "`epoch` must be a whole number from 0 on. Received: epoch=-1"),
    ((1.0,), "`epoch` must be a whole number from 0 on. Received: epoch=1.0"),
    ((0, -1), "`step` must be a whole number from 0 on. Received: step=-1"),
    ((0, 4), "`step` must be below the 4 batches of an epoch. Received: step=4"),
])
def test_a_place_that_no_epoch_has(place, words):
    with pytest.raises(ValueError, match=words):
        numbers().at(*place)
    if len(place) == 1:
        with pytest.raises(ValueError, match=words):
            numbers().epoch = place[0]


ORDERED = ("map", "prefetch", "with_options", "cache", "rebatch", "unbatch")


@pytest.mark.parametrize("name", [*ALIKE, *CHANGED])
def test_evaluation_clips_know_the_video_of_each_row(name):
    entries = [Entry("a.mp4"), Entry("b.mp4", start=1.0)]
    data = {**ALIKE, **CHANGED}[name](ClipDataset(tf.data.Dataset.range(2), SOURCE, 2, 2, videos=entries))
    if name in ORDERED:
        assert data.videos == entries
    else:
        with pytest.raises(AttributeError, match="Ask what `evaluation_clips` gave"):
            _ = data.videos


def test_training_clips_have_no_order_of_videos():
    with pytest.raises(AttributeError, match="Evaluation clips alone have their videos in a fixed order"):
        _ = numbers().videos


def test_take_and_skip_of_training_clips_are_no_split_which_is_said(caplog):
    numbers().take(1)
    ClipDataset(tf.data.Dataset.range(3), SOURCE, 3, 3).skip(1)
    assert not caplog.records
    numbers().skip(1)
    assert "those of `take` are trained on in the next" in caplog.text


def test_errors_are_those_of_the_reading():
    fallback = Fallback([], Quarantine())
    source = types.SimpleNamespace(manifest=SOURCE.manifest, clip=SOURCE.clip, fallback=fallback)

    def fail():
        raise VideoError("a.mp4", "it is empty")

    data = tf.data.Dataset.range(1).map(lambda _: tf.numpy_function(fail, [], tf.int64))
    clips = ClipDataset(data, source, 1, 1)
    with pytest.raises(tf.errors.OpError), clips.plain_errors():
        next(iter(clips))
    fallback.failure = VideoError("a.mp4", "it is empty")
    with pytest.raises(VideoError, match="it is empty"), clips.plain_errors():
        next(iter(clips))
