"""Every protocol on a network whose logits are plain sums of pixels, and the same evaluation in NumPy, view by view."""

import keras
import numpy as np
import pytest

import res3d
from pipelines.manifest import read_manifest
from pipelines.sample import protocols
from pipelines.video import reading
from res3d.evaluation.predictions import Predictions
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder, save_model
from res3d.workflows.evaluate import evaluate
from tests.telling import first_of

CLIP = res3d.ClipSpec(frames=4, stride=2, height=24, width=24, resize=28, mean=(0.0,) * 3, std=(1.0,) * 3)
CLASSES = 3


@pytest.fixture(scope="module")
def long_motion(tmp_path_factory):
    """Videos that come apart in 25 segments."""
    from pipelines import synthetic

    folder = tmp_path_factory.mktemp("long")
    synthetic.write(folder, train_per_class=1, val_per_class=1, frames=(33, 40))
    return folder / "val"


@pytest.fixture(scope="module")
def mixing():
    return np.random.default_rng(7).normal(size=(3, CLASSES)).astype("float32") * 8


@pytest.fixture
def taken(name):
    """The clip of a network that the protocol of the test is for."""
    return CLIP.replace(sampling="segments") if protocols.PROTOCOLS[name].starts is None else CLIP


@pytest.fixture
def stub(tmp_path, long_motion, mixing, taken):
    from res3d.layers.pixel_scaling import PixelScaling

    inputs = keras.Input(taken.shape, dtype="uint8", name="clip")
    x = PixelScaling(taken, name="pixels")(inputs)
    x = keras.layers.GlobalAveragePooling3D(name="head_pool")(x)
    head = keras.layers.Dense(CLASSES, use_bias=False, name="logits")
    model = keras.Model(inputs, head(x))
    head.set_weights([mixing])
    folder = WorkFolder(tmp_path / "stub")
    recipe = find_recipe("demo", [])
    recipe = type(recipe)(**{**recipe.__dict__, "clip": taken})
    videos = sorted(long_motion.rglob("*.avi"))[:5]
    table = tmp_path / "table.csv"
    table.write_text("path,label\n" + "".join(f"{path},{'abc'[i % 3]}\n" for i, path in enumerate(videos)))
    folder.claim(recipe, ["a", "b", "c"], {"data": str(table)})
    save_model(model, folder.best)
    return folder, table


def corner(seen, height, width, crop):
    """(top, left, mirrored): a place 0, 1 or 2 along the longer side, or along both, halves rounded down."""
    down, right = height - seen.height, width - seen.width
    if isinstance(crop, tuple):
        return down * crop[0] // 2, right * crop[1] // 2, crop[2]
    if height > width:
        return (0, down // 2, down)[crop], right // 2, False
    return down // 2, (0, right // 2, right)[crop], False


@pytest.mark.parametrize("name", first_of(sorted(protocols.PROTOCOLS), {"slowfast_10x3"}))
def test_predictions_equal_an_independent_evaluation(stub, mixing, name, taken):
    folder, table = stub
    metrics = evaluate(folder.path, table, name, progress=False)
    found = Predictions.load(folder.predictions_file)
    plan = protocols.PROTOCOLS[name]
    entries = read_manifest(table).entries
    expected, views_seen = [], 0
    for entry in entries:
        info = reading.probe(entry.path)
        lists = plan.indices(info, taken)
        seen = plan.test_clip(taken, len(lists[0]))
        rows = []
        for indices in lists:
            frames = reading.read_frames(entry.path, indices, taken.resized_size)
            for crop in plan.crops:
                top, left, mirrored = corner(seen, *frames.shape[1:3], crop)
                view = frames[:, top:top + seen.height, left:left + seen.width].astype("float64") / 255
                view = view[:, :, ::-1] if mirrored else view
                rows.append(view.mean(axis=(0, 1, 2)) @ mixing.astype("float64"))
        rows = np.array(rows)
        views_seen += len(rows)
        if plan.average == "logits":
            powers = np.exp(rows.mean(axis=0))
            expected.append(powers / powers.sum())
        else:
            powers = np.exp(rows)
            shares = powers / powers.sum(axis=1, keepdims=True)
            total = sum(shares[i] for i in range(len(shares)))  # PySlowFast and torchvision sum; sums rank as means do
            expected.append(total / len(shares))
    assert metrics["clips"] == views_seen
    # float32 sums of pixels in the network against float64 here
    np.testing.assert_allclose(found.scores, expected, rtol=2e-5, atol=2e-6)
    truth = np.array([entry.labels[0] for entry in entries])
    assert metrics["top1"] == pytest.approx(np.mean(np.argmax(expected, axis=1) == truth))
    assert metrics["top5"] == 1.0
