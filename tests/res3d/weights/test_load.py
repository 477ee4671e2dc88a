"""Loading sets all weights or none, and a file that does not fit says in which way, name by name."""

import pickle

import numpy as np
import pytest
from absl import logging

import res3d
from res3d.geometry import ClipSpec, preset
from res3d.weights.errors import CheckpointError
from res3d.weights.formats.checkpoint import Checkpoint
from res3d.weights.layouts import write_layout
from res3d.weights.load import import_model, load_weights

TINY = preset("torchvision_112").replace(frames=4, height=32, width=32, resize=32)


def torch_state(model, rules_back):
    """The state dict that a torch network of `model`'s weights would have, renamed by `rules_back`."""
    state = {}
    leaves = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
              "moving_variance": "running_var", "bias": "bias"}
    for weight in model.weights:
        if "seed" in weight.path:
            continue
        path, _, leaf = weight.path.rpartition("/")
        value = weight.numpy()
        if leaf == "kernel":
            value = np.transpose(value, (value.ndim - 1, value.ndim - 2, *range(value.ndim - 2)))
        state[f"{rules_back(path)}.{leaves[leaf]}"] = value
    return state


def video_names(path):
    """Our paths of r3d networks to torchvision's names."""
    if path == "logits":
        return "fc"
    layer, *rest = path.split("/")
    if layer == "stem":
        return f"stem.{('conv', 'norm').index(rest[0])}"
    unit = {"conv_a": "conv1", "conv_b": "conv2", "shortcut": "downsample"}[rest[1]]
    return f"layer{layer[-1]}.{rest[0][5:]}.{unit}.{('conv', 'norm').index(rest[2])}"


def randomise(model, seed=0):
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed" not in weight.path:
            low = 0.5 if "variance" in weight.path else -0.5
            weight.assign(random.uniform(low, low + 1, weight.shape).astype("float32"))
    return model


@pytest.fixture(scope="module")
def source():
    """A tiny r3d_18 whose weights are random, norms included."""
    return randomise(res3d.build("r3d_18", 5, TINY, width=0.125))


@pytest.fixture(scope="module")
def state(source):
    return torch_state(source, video_names)


@pytest.fixture
def model():
    return res3d.build("r3d_18", 5, TINY, width=0.125)


def failure(model, path, **options):
    with pytest.raises(CheckpointError) as caught:
        load_weights(model, path, **options)
    return str(caught.value)


@pytest.mark.parametrize("writer", ["write_zip", pytest.param("write_legacy", marks=pytest.mark.slow)])
def test_every_weight_arrives(layout, tmp_path, source, state, model, writer):
    loaded = res3d.load_weights(model, getattr(layout, writer)(tmp_path / "a.pth", state))
    assert (loaded.source, loaded.left) == ("torchvision", ())
    assert loaded.count == len([weight for weight in source.weights if "seed" not in weight.path])
    for ours, theirs in zip(model.weights, source.weights):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), ours.path)
    clip = np.random.default_rng(1).integers(0, 256, (2, *TINY.shape), "uint8")
    np.testing.assert_array_equal(model.predict(clip, verbose=0), source.predict(clip, verbose=0))


def test_a_name_is_no_model():
    with pytest.raises(ValueError, match=r"`model` must be a keras.Model, .* Received: model='r3d_18'"):
        load_weights("r3d_18", "a.pth")


def test_half_precision_is_widened(layout, tmp_path, state, model):
    load_weights(model, layout.write_zip(tmp_path / "a.pth", {k: v.astype("float16") for k, v in state.items()}))
    np.testing.assert_array_equal(model.get_layer("logits").bias.numpy(), state["fc.bias"].astype("float16"))


def test_another_class_count_offers_to_drop_the_head(layout, tmp_path, state):
    model = res3d.build("r3d_18", 7, TINY, width=0.125)
    before = model.get_layer("logits").kernel.numpy()
    path = layout.write_zip(tmp_path / "a.pth", state)
    assert ("its classifier has 5 classes and the model 'r3d_18' has 7. Pass drop_head=True to load all but the "
            "classifier, or build with num_classes=5.") in failure(model, path)
    load_weights(model, path, drop_head=True)
    np.testing.assert_array_equal(model.get_layer("logits").kernel.numpy(), before)
    np.testing.assert_array_equal(model.get_layer("stem").norm.beta.numpy(), state["stem.1.bias"])


def test_a_model_without_head_takes_the_rest(layout, tmp_path, state):
    load_weights(res3d.build("r3d_18", None, TINY, width=0.125), layout.write_zip(tmp_path / "a.pth", state))


def test_another_channel_count(layout, tmp_path, state):
    grey = res3d.build("r3d_18", 5, TINY.replace(channels=1, mean=0.5, std=0.5), width=0.125)
    message = failure(grey, layout.write_zip(tmp_path / "a.pth", state))
    assert "it was trained on clips of 3 channels and the model 'r3d_18' takes 1" in message
    assert "Build the model with a clip of channels=3." in message


def test_both_differences_name_by_name(layout, tmp_path, state, model):
    changed = {name.replace("layer4.1.conv2.0", "extra.thing"): value for name, value in state.items()}
    changed["layer1.0.conv1.0.weight"] = np.zeros((4, 8, 3, 3, 3), np.float32)
    before = [weight.numpy() for weight in model.weights]
    message = failure(model, layout.write_zip(tmp_path / "a.pth", changed))
    assert "in the model, not in the file (1):\n    stage4/block1/conv_b/conv/kernel" in message
    assert "in the file, not in the model (1):\n    extra.thing.weight" in message
    assert ("of another shape (1):\n    layer1.0.conv1.0.weight (3, 3, 3, 8, 4) for stage1/block0/conv_a/conv/kernel "
            "(3, 3, 3, 8, 8)") in message
    for weight, value in zip(model.weights, before):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_long_differences_are_cut(layout, tmp_path, state):
    deeper = res3d.build("r3d_34", 5, TINY, width=0.125)
    message = failure(deeper, layout.write_zip(tmp_path / "a.pth", state))
    assert "in the model, not in the file (80):" in message
    assert "... and 60 more" in message


def test_pixels_scaled_otherwise_are_said(layout, tmp_path, state, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))
    path = layout.write_zip(tmp_path / "a.pth", state)
    load_weights(res3d.build("r3d_18", 5, TINY, width=0.125), path)
    assert said == []
    other = TINY.replace(mean=(0.5,) * 3)
    load_weights(res3d.build("r3d_18", 5, other, width=0.125), path)
    assert "was trained with {'mean': (0.43216, 0.394666, 0.37645)" in said[0]
    assert "the model scales with {'mean': (0.5, 0.5, 0.5)" in said[0]


@pytest.mark.slow
def test_a_network_with_the_same_tensors_is_said(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(logging, "warning", lambda text, *values: said.append(text % values))
    path = tmp_path / "mine.safetensors"
    write_layout(res3d.build("resnet_50", 5, TINY, width=0.125), path)
    load_weights(res3d.build("resnet_50", 5, TINY, width=0.125), path)
    assert [text for text in said if "holds" in text] == []
    load_weights(res3d.build("resnet_50_v1", 5, TINY, width=0.125), path)
    [text] = [text for text in said if "holds" in text]
    assert "holds resnet_50 by its names and shapes, and was loaded into resnet_50_v1, which has the same tens" in text


@pytest.mark.slow
def test_import_builds_what_the_file_holds(layout, tmp_path, formula, cases, shapes_of):
    shapes = {**shapes_of("torchvision/r3d_18"), "fc.weight": (11, 512), "fc.bias": (11,)}
    path = layout.write_zip(tmp_path / "r3d_18.pth", formula.state_dict(shapes))
    model, found = import_model(path)
    assert model.name == found.model == "r3d_18"
    assert model.output_shape == (None, 11)
    assert res3d.clip_of(model) == preset("torchvision_112") == found.clip
    model, _ = import_model(path, num_classes=3, clip=TINY)
    assert (model.input_shape, model.output_shape) == ((None, 4, 32, 32, 3), (None, 3))


def test_import_of_an_unknown_layout(layout, tmp_path, state):
    path = layout.write_zip(tmp_path / "a.pth", {k: v for k, v in state.items() if "layer3.1" not in k})
    with pytest.raises(CheckpointError, match="it has the names of torchvision and the layout of none of its networks"):
        import_model(path)


def test_import_of_a_layout_that_two_networks_share(shapes_of, monkeypatch):
    tensors = {key: np.broadcast_to(np.float32(1), shape) for key, shape in shapes_of("ibm/i3d_r50").items()}
    monkeypatch.setattr("res3d.weights.load.read_checkpoint", lambda path: Checkpoint(path, tensors))
    with pytest.raises(CheckpointError, match=r"its tensors fit ibm_i3d_r50 and i3resnet_50, which differ in what no "
                                              r"tensor shows. Say which one it is: --model=ibm_i3d_r50\."):
        import_model("best.pth")


@pytest.mark.slow
def test_caffe2_files_load(tmp_path):
    """A Caffe2 file of a tiny Slow network: its blobs' names, its optimiser's blobs beside them."""
    clip = ClipSpec(frames=4, height=32, width=32)
    source = randomise(res3d.build("slow_r50", 5, clip, width=0.125))
    leaves = {"kernel": "w", "bias": "b", "gamma": "s", "beta": "b", "moving_mean": "rm", "moving_variance": "riv"}
    blobs = {"lr": np.float32(0.1), "conv1_w_momentum": np.zeros(3, np.float32)}
    for weight in source.weights:
        if "seed" in weight.path:
            continue
        path, _, leaf = weight.path.rpartition("/")
        value = weight.numpy()
        if leaf == "kernel":
            value = np.transpose(value, (value.ndim - 1, value.ndim - 2, *range(value.ndim - 2)))
        norm = "_bn" if path.endswith("/norm") else ""
        if path == "logits":
            blob = "pred"
        elif path.startswith("stem"):
            blob = "res_conv1" if norm else "conv1"
        else:
            stage, block, unit, _ = path.split("/")
            branch = "branch1" if unit == "shortcut" else f"branch2{unit[-1]}"
            blob = f"res{int(stage[-1]) + 1}_{block[5:]}_{branch}"
        blobs[f"{blob}{norm}_{leaves[leaf]}"] = value
    path = tmp_path / "SLOW_8x8_R50.pkl"
    path.write_bytes(pickle.dumps({"blobs": blobs}, protocol=2))
    model = res3d.build("slow_r50", 5, clip, width=0.125)
    assert load_weights(model, path).source == "pyslowfast"
    for ours, theirs in zip(model.weights, source.weights):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), ours.path)
