"""Clips that follow the epochs of `fit`, wherever it begins."""

import contextlib

import keras
import pytest

import pipelines
from res3d.geometry import ClipSpec
from res3d.training import FollowEpochs


class StopError(Exception):
    """Stands for the end of the process."""


class StopIn(keras.callbacks.Callback):
    """Stops when an epoch begins."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise StopError


def labels_seen(videos, backup, *callbacks, epochs=3, **options):
    """The labels of each epoch of `fit`, up to where a callback stops it."""
    clips = pipelines.training_clips(videos, ClipSpec(frames=2, height=8, width=8, resize=8), 4, split="train", seed=1)
    seen = []

    def loss(truth, predicted):
        seen.extend(truth.numpy().reshape(-1).tolist())
        return keras.ops.mean(predicted)

    model = keras.Sequential([keras.Input((2, 8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", loss, run_eagerly=True)
    restore = keras.callbacks.BackupAndRestore(backup / "backup.weights.h5")
    with contextlib.suppress(StopError):
        model.fit(clips, epochs=epochs, verbose=0, shuffle=False, **options,
                  callbacks=[restore, FollowEpochs(clips), *callbacks])
    return [seen[first:first + 16] for first in range(0, len(seen), 16)]


@pytest.mark.slow
def test_a_fit_that_keras_restores_goes_on_with_the_clips_of_its_epoch(motion, tmp_path):
    for name in ("whole", "parts", "late"):
        (tmp_path / name).mkdir()
    whole = labels_seen(motion, tmp_path / "whole")
    assert [sorted(epoch) for epoch in whole] == [sorted([*range(8)] * 2)] * 3
    assert whole[0] != whole[1] != whole[2]
    assert labels_seen(motion, tmp_path / "parts", StopIn(1)) == whole[:1]
    assert labels_seen(motion, tmp_path / "parts") == whole[1:]
    assert labels_seen(motion, tmp_path / "late", initial_epoch=2) == whole[2:]


@pytest.mark.slow
def test_what_has_no_epochs_is_told(motion):
    clips = pipelines.evaluation_clips(motion, ClipSpec(frames=2, height=8, width=8, resize=8), 4, split="val")
    with pytest.raises(AttributeError, match="Only training clips count epochs"):
        FollowEpochs(clips).on_epoch_begin(1)
