"""Published state dicts, rebuilt by formula and imported without torch, give what the original networks gave."""

import pathlib
import re

import keras
import numpy as np
import pytest

from res3d.geometry import PRESETS
from res3d.networks.network import build
from res3d.weights.load import import_model
from tests.golden import cases, formula, torch_layout

FOLDER = pathlib.Path(__file__).parent
# Another size goes through the same blocks as in the family's smaller rows.
LARGE = re.compile(r"101|152|200|wide_r3d|x3d_[lm]|slowfast_r50$|r2plus1d_34")
TOLERANCE = 1e-4  # of the largest value: float32 sums in another order, through up to 200 layers


def read(name):
    """(arrays, shapes of the state dict by key) of a golden."""
    arrays = dict(np.load(cases.golden(name)))
    lines = bytes(arrays.pop("shapes")).decode().splitlines()
    return arrays, {key: tuple(map(int, shape)) for key, *shape in map(str.split, lines)}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Writes the formula's state dict of a case where torch.save would have put it, and returns the path."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def write(name):
        state = formula.state_dict(read(name)[1])
        path = folder / f"{name.split('/')[1]}.pth"
        container = {"pytorchvideo": "model_state", "pyslowfast": "model_state", "torchvision": None}
        key = container.get(name.split("/")[0].removesuffix("_image"), "state_dict")
        state = {f"{cases.PREFIXES.get(name.split('/')[0], '')}{key}": value for key, value in state.items()}
        return torch_layout.write_zip(path, {key: state, "epoch": 200} if key else state)

    yield write
    for path in folder.iterdir():  # up to half a gigabyte each
        path.unlink()


def differs(actual, expected):
    """Largest difference, as a part of the largest expected value."""
    return float(np.abs(np.asarray(actual) - expected).max() / np.abs(expected).max())


def log_softmax(x):
    x = np.asarray(x, np.float64)
    return x - np.log(np.sum(np.exp(x - x.max()))) - x.max()


def outputs(model, taps):
    """{name: output tensor} of the logits and the tapped stages; a stem's output is that of the pool after it."""
    names = {layer.name: layer for layer in model.layers}
    tensors = {"logits": model.output}
    for tap in taps:
        layer = names.get(tap.replace("stem", "pool")) or names[tap]
        tensors[tap] = layer.output
    return tensors


def compare(model, name, index):
    """Asserts that `model` answers the formula clip of size `index` as the original did, stage by stage."""
    case, (arrays, _) = cases.CASES[name], read(name)
    prefix = f"stage_{index}_"
    taps = [key.removeprefix(prefix) for key in arrays if key.startswith(prefix)]
    probe = keras.Model(model.input, outputs(model, taps))
    clip = formula.clip((*case.sizes[index], case.channels))[None]
    if keras.backend.backend() == "tensorflow":  # where tracing takes longer than one answer
        answers = {key: np.asarray(value) for key, value in probe(clip, training=False).items()}
    else:
        answers = probe.predict(clip, verbose=0)
    wrong = {tap: differs(formula.sample(answers[tap]), arrays[f"{prefix}{tap}"]) for tap in taps}
    logits = log_softmax(answers["logits"][0]) if case.probabilities else answers["logits"][0]
    wrong["logits"] = differs(logits, arrays[f"logits_{index}"])
    print(name, case.sizes[index], {key: f"{value:.1e}" for key, value in wrong.items()})
    assert max(wrong.values()) < TOLERANCE, wrong


def params():
    """Every case; the large ones are marked slow."""
    return [pytest.param(name, marks=[pytest.mark.slow] if case.slow else []) for name, case in cases.CASES.items()]


@pytest.fixture
def empty_networks(monkeypatch):
    """Networks are built with kernels of zeros: random ones take a third of the time, and are overwritten."""
    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__",
                        lambda self, shape, dtype=None: keras.ops.zeros(shape, dtype))


@pytest.mark.usefixtures("empty_networks")
@pytest.mark.parametrize("name", params())
def test_original_logits_and_stages(name, checkpoint):
    case = cases.CASES[name]
    path = checkpoint(name)
    model, found = import_model(path)
    assert (found.source, found.model) == (name.split("/")[0].removesuffix("_image").split("_2")[0], case.model)
    clip = model.get_layer("pixels").clip
    scale = cases.SCALES[name.split("/")[0]]
    np.testing.assert_allclose(clip.mean, scale["mean"], rtol=1e-6)
    np.testing.assert_allclose(clip.std, scale["std"], rtol=1e-6)
    for index, (frames, height, width) in enumerate(case.sizes[:1] if LARGE.search(name) else case.sizes):
        if clip.shape[:3] != (frames, height, width):
            clip = clip.replace(frames=frames, height=height, width=width)
            loaded, model = model, build(case.model, case.classes, clip)
            model.set_weights(loaded.get_weights())
        compare(model, name, index)
    path.unlink()


def test_every_case_has_a_golden():
    stored = {f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.npz")}
    assert stored == set(cases.CASES)


def test_goldens_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*/*.npz")) < 3_000_000


def test_scales_are_those_of_the_presets():
    known = {(preset.mean, preset.std, preset.value_range[1]) for preset in PRESETS.values()}
    for scale in cases.SCALES.values():
        assert (scale["mean"], scale["std"], scale.get("top", 1.0)) in known
