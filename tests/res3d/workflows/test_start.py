"""Starting from other weights, and freezing what is to stay."""

import json

import keras
import numpy as np
import pytest

import res3d
from res3d.training.workfolder import save_model
from res3d.workflows.start import copy_weights, freeze, load_start

CLIP = res3d.ClipSpec(frames=4, height=16, width=16, resize=16)


def network(classes=3, name="r3d_10", width=0.125):
    return res3d.build(name, classes, CLIP, width=width)


def test_equal_networks_share_everything():
    old, new = network(), network()
    assert copy_weights(old, new) == []
    for mine, other in zip(old.get_weights(), new.get_weights()):
        np.testing.assert_array_equal(mine, other)


def test_other_classes_get_a_new_head():
    old, new = network(3), network(5)
    head = new.get_layer("logits").get_weights()
    assert copy_weights(old, new) == ["logits/kernel", "logits/bias"]
    np.testing.assert_array_equal(new.get_layer("logits").get_weights()[0], head[0])
    np.testing.assert_array_equal(old.get_layer("stem").get_weights()[0], new.get_layer("stem").get_weights()[0])


def test_another_network_is_refused_with_both_differences():
    with pytest.raises(ValueError, match=r"must be those of the same network. Only there: stem.*Only here: stem"):
        copy_weights(network(width=0.25), network())


@pytest.mark.slow
def test_a_file_and_a_work_folder_do_as_well(tmp_path):
    old = network()
    save_model(old, tmp_path / "best.keras")
    for source in (tmp_path, tmp_path / "best.keras"):
        new = network()
        load_start(new, source)
        np.testing.assert_array_equal(old.get_weights()[0], new.get_weights()[0])


def test_weights_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"must come from a work folder, a .keras file or a PyTorch checkpoint"):
        load_start(network(), tmp_path / "none.keras")


def test_frozen_stages_do_not_move():
    model = network()
    free = freeze(model, "stage2")
    assert 0 < free < model.count_params()
    model.compile(keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  jit_compile=False)
    before = {v.path: v.numpy().copy() for v in model.variables}
    model.train_on_batch(np.random.default_rng(0).integers(0, 255, (2, *CLIP.shape)).astype("uint8"), np.array([0, 1]))
    moved = {v.path.split("/")[0] for v in model.variables if not np.array_equal(before[v.path], v.numpy())
             and not v.path.startswith("seed")}
    assert moved & {"stem", "stage1", "stage2"} == set()
    assert {"stage3", "stage4", "logits"} <= moved


@pytest.mark.slow
def test_batch_norms_keep_their_statistics():
    model = network()
    freeze(model, batch_norm=True)
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  jit_compile=False)
    before = {v.path: v.numpy().copy() for v in model.variables}
    model.train_on_batch(np.random.default_rng(0).integers(0, 255, (2, *CLIP.shape)).astype("uint8"), np.array([0, 1]))
    for variable in model.variables:
        same = np.array_equal(before[variable.path], variable.numpy())
        assert same or "norm" not in variable.path, variable.path


def test_an_unknown_stage_is_refused():
    with pytest.raises(ValueError, match=r"`start.freeze` must be one of stem, stage1, stage2, stage3, stage4"):
        freeze(network(), "stage9")


def published(path, model):
    """The weights of `model` as a file of torchvision's names."""
    names = {"stem/conv": "stem.0", "stem/norm": "stem.1", "logits": "fc"}
    for stage in range(1, 5):
        for part, (conv, norm) in {"conv_a": ("conv1.0", "conv1.1"), "conv_b": ("conv2.0", "conv2.1"),
                                   "shortcut": ("downsample.0", "downsample.1")}.items():
            names[f"stage{stage}/block0/{part}/conv"] = f"layer{stage}.0.{conv}"
            names[f"stage{stage}/block0/{part}/norm"] = f"layer{stage}.0.{norm}"
    ends = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
            "moving_variance": "running_var"}
    header, blob = {}, b""
    for variable in model.weights:
        layer, _, kind = variable.path.rpartition("/")
        if layer not in names:
            continue
        value = np.asarray(variable, "float32")
        value = np.moveaxis(value, (-1, -2), (0, 1)) if kind == "kernel" else value
        data = np.ascontiguousarray(value).tobytes()
        header[f"{names[layer]}.{ends[kind]}"] = {"dtype": "F32", "shape": list(value.shape),
                                                  "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + blob)


@pytest.mark.parametrize("classes", [3, 5])
def test_a_published_file_does_as_well_and_other_classes_get_a_new_head(tmp_path, classes):
    old, new = network(3), network(classes)
    published(tmp_path / "published.safetensors", old)
    left = load_start(new, tmp_path / "published.safetensors")
    assert left == ([] if classes == 3 else ["logits/kernel", "logits/bias"])
    for mine, other in zip(old.get_layer("stage4").get_weights(), new.get_layer("stage4").get_weights()):
        np.testing.assert_array_equal(mine, other)
