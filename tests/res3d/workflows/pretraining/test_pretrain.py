import keras
import numpy as np
import pytest

from pipelines.figures import CLASSES, MOTIONS
from res3d.training.recipe import find_recipe
from res3d.workflows.pretraining.figures import Figures
from res3d.workflows.pretraining.pretrain import pretrain
from res3d.workflows.start import load_start

TINY = ["model.options.width=0.25", "clip.frames=8", "clip.height=32", "clip.width=32", "clip.resize=32",
        "data.batch_size=4", "precision=float32"]


def test_batches_are_a_function_of_seed_and_number():
    clip = find_recipe("figures", TINY).clip
    figures = Figures(clip, batch=6, steps=3, seed=1)
    (clips, labels), (again, _) = figures[2], Figures(clip, 6, 3, seed=1)[2]
    assert len(figures) == 3
    assert clips.shape == (6, 8, 32, 32, 3)
    assert clips.dtype == np.uint8
    assert np.array_equal(clips, again)
    assert not np.array_equal(clips, figures[1][0])
    assert not np.array_equal(clips, Figures(clip, 6, 3, seed=2)[2][0])
    assert labels.shape == (6,)
    assert labels.max() < len(CLASSES)


@pytest.mark.slow
def test_half_of_the_motions_have_a_name():
    labels = np.concatenate([Figures(find_recipe("figures", TINY).clip, 8, 40)[index][1] for index in range(25)])
    assert 0.35 < np.mean(labels < len(MOTIONS)) < 0.65


@pytest.mark.slow
def test_a_network_starts_from_what_was_learnt(tmp_path):
    from res3d.training.epoch_sizes import EpochSizes
    from res3d.workflows.making import make_model

    recipe = find_recipe("figures", TINY)
    history = pretrain(tmp_path / "figures.keras", steps=2, recipe=recipe, workers=0)
    assert np.isfinite(history["loss"]).all()
    saved = keras.saving.load_model(tmp_path / "figures.keras")
    assert saved.output_shape == (None, len(CLASSES))
    assert not saved.compiled
    model = make_model(find_recipe("figures", [*TINY, "loss.label_smoothing=0.1"]), 5, EpochSizes.alike(2, 4))
    left = load_start(model, tmp_path / "figures.keras")
    assert sorted(path.rsplit("/", 2)[-2] for path in left) == ["logits", "logits"]
    kernels = [next(weight.numpy() for weight in network.weights if "stem" in weight.path and "kernel" in weight.path)
               for network in (saved, model)]
    assert np.array_equal(*kernels)


@pytest.mark.slow
def test_one_that_is_stopped_leaves_what_it_had_learnt(tmp_path, monkeypatch):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr("res3d.workflows.pretraining.pretrain.EVERY", 2)
    path, recipe = tmp_path / "figures.keras", find_recipe("figures", TINY)
    with pytest.raises(KeyboardInterrupt):
        pretrain(path, steps=9, recipe=recipe, workers=0, callbacks=[Stop()])
    assert [file.name for file in tmp_path.iterdir()] == ["figures.keras"]
    assert keras.saving.load_model(path).output_shape == (None, len(CLASSES))


def test_what_cannot_be_filmed(tmp_path):
    with pytest.raises(ValueError, match="one frame of each part of a video"):
        pretrain(tmp_path / "figures.keras", 1, find_recipe("figures", ["clip.sampling=dense", "clip.stride=2"]))
    with pytest.raises(ValueError, match=r"\.keras file. Received: output='.*figures.h5'"):
        pretrain(tmp_path / "figures.h5", 1)
