"""`res3d import-weights`: from a checkpoint to a saved model, or one line that says why not."""

import json

import numpy as np
import pytest

import res3d
from res3d.commands.main import main
from res3d.geometry import preset
from res3d.weights.formats.checkpoint import Checkpoint
from res3d.weights.sources import SOURCES
from tests.golden import cases, formula, torch_layout

# Keras asks TensorFlow's variables for a copy in a way that NumPy 2 finds old; nothing here can answer it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def shapes_of(name):
    """{key: shape} of a golden's state dict."""
    lines = bytes(np.load(cases.golden(name))["shapes"]).decode().splitlines()
    return {key: tuple(map(int, shape)) for key, *shape in map(str.split, lines)}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """X3D-XS as pytorchvideo publishes it, with seven classes."""
    shapes = shapes_of("pytorchvideo/x3d_xs") | {"blocks.5.proj.weight": (7, 2048), "blocks.5.proj.bias": (7,)}
    return torch_layout.write_zip(tmp_path_factory.mktemp("files") / "X3D_XS.pyth",
                                  {"model_state": formula.state_dict(shapes)})


@pytest.mark.slow
def test_a_file_becomes_a_model(checkpoint, tmp_path, capsys):
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join("abcdefg") + "\n")
    output = tmp_path / "m.keras"
    assert main(["import-weights", str(checkpoint), f"--output={output}", f"--labels={labels}", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["source"], facts["model"], facts["classes"]) == ("pytorchvideo", "x3d_xs", 7)
    model = res3d.load_model(output)
    assert res3d.clip_of(model) == preset("x3d_xs")
    assert model.output_shape == (None, 7)
    assert (tmp_path / "m.labels.txt").read_text() == "a\nb\nc\nd\ne\nf\ng\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.txt", "m.keras", "m.labels.txt"]


def test_without_output_it_only_tells(checkpoint, capsys):
    assert main(["import-weights", str(checkpoint)]) == 0
    said = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert said == [["source", "pytorchvideo"], ["model", "x3d_xs"], ["classes", "7"],
                    ["clip", "4 frames, step 12, 160x160"]]


def test_every_source_is_in_the_help(capsys):
    with pytest.raises(SystemExit):
        main(["import-weights", "--help"])
    said = capsys.readouterr().out
    assert [name for name in SOURCES if name not in said] == []


def test_what_two_networks_could_be_is_told(monkeypatch, capsys):
    tensors = {key: np.broadcast_to(np.float32(1), shape) for key, shape in shapes_of("ibm/i3d_r50").items()}
    monkeypatch.setattr("res3d.weights.sources.read_checkpoint", lambda path: Checkpoint(path, tensors))
    assert main(["import-weights", "best.pth"]) == 0
    assert "model      ibm_i3d_r50 or i3resnet_50\n" in capsys.readouterr().out


@pytest.mark.slow
def test_another_preset_and_classes(checkpoint, tmp_path, capsys):
    output = tmp_path / "m.keras"
    flags = ["--model=x3d_s", "--num_classes=3", "--preset=x3d_s"]
    assert main(["import-weights", str(checkpoint), f"--output={output}", *flags]) == 0
    model = res3d.load_model(output)
    assert (model.name, model.output_shape, res3d.clip_of(model)) == ("x3d_s", (None, 3), preset("x3d_s"))
    assert "13 frames, step 6, 160x160" in capsys.readouterr().out


@pytest.mark.parametrize(("flags", "message"), [
    (["--output=m.h5"], "`--output` must end in .keras"),
    (["--output=m.keras", "--model=x3d_q"], "Did you mean"),
    (["--output=m.keras", "--source=vgg"], "`source` must be one of pytorchvideo"),
    (["--output=m.keras", "--model=r3d_18"], "The file holds 'x3d_xs': build that, or give the model's name"),
    (["--output=m.keras", "--preset=big"], "A clip preset is one of"),
])
def test_errors_are_one_line(checkpoint, tmp_path, monkeypatch, capsys, flags, message):
    monkeypatch.chdir(tmp_path)
    assert main(["import-weights", str(checkpoint), *flags]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("res3d import-weights: error: ")
    assert message in error
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file(capsys):
    assert main(["import-weights", "none.pth"]) == 1
    assert "Expected a file or folder 'none.pth'. There is none" in capsys.readouterr().err


@pytest.mark.slow
def test_an_error_does_not_advise_what_failed(checkpoint, tmp_path, capsys):
    state = res3d.weights.read_checkpoint(checkpoint).tensors
    less = {key: np.array(value) for key, value in state.items() if not key.startswith("blocks.4.res_blocks.3.branch2")}
    torch_layout.write_zip(tmp_path / "X3D_XS.pyth", {"model_state": less})
    assert main(["import-weights", str(tmp_path / "X3D_XS.pyth"), f"--output={tmp_path / 'm.keras'}"]) == 1
    said = capsys.readouterr().err
    assert "The file is named and built like 'x3d_xs' but for these." in said
    assert "`res3d import-weights" not in said
