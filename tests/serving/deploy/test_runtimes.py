"""What a deployment to another runtime holds agrees with the file that it runs, and says how it is asked."""

import json
import subprocess
import sys
import types

import numpy as np
import pytest
import yaml

from res3d.commands.main import main
from serving.deploy import runtimes
from serving.exporter.runtimes.model_file import export_file
from serving.session.runtimes.contract import Facts

LABELS = ("archery", "jump rope", "walking café")


@pytest.fixture
def written(tmp_path, clip, monkeypatch):
    """`written(target, axes)`: {path: text or bytes} of a deployment of a made file, which no runtime looked at."""
    def make(target, axes=5):
        place = runtimes.TARGETS[target]
        model = tmp_path / f"actions{place.suffix}"
        for suffix in {place.suffix, ".bin"}:
            model.with_suffix(suffix).write_bytes(b"model" + suffix.encode())
        session = types.SimpleNamespace(facts=Facts(clip, LABELS, {}, axes), batch=None if axes == 5 else 1)
        monkeypatch.setattr(runtimes, "open_file", lambda path: session)
        paths = runtimes.write_for_runtime(model, target, tmp_path / "out")
        files = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
        assert paths == [str(path.relative_to(tmp_path / "out")) for path in files]
        return {str(path.relative_to(tmp_path / "out")): path.read_text(encoding="utf-8") for path in files}

    return make


def test_openvino_model_server(written, clip):
    files = written("openvino-model-server")
    assert sorted(files) == ["README.md", "ask.py", "clip.json", "compose.yaml", "config.json", "labels.txt",
                             "models/actions/1/actions.bin", "models/actions/1/actions.xml"]
    assert files["models/actions/1/actions.bin"] == "model.bin"
    server = yaml.safe_load(files["compose.yaml"])["services"]["server"]
    config = json.loads(files["config.json"])["model_config_list"][0]["config"]
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in server["volumes"]}
    assert server["command"][1] in mounted
    assert config["base_path"] == "/workspace/models/actions"  # below what is mounted
    assert mounted["/workspace/models"] == "./models"
    assert config["plugin_config"]["INFERENCE_PRECISION_HINT"] == "f32"
    module: dict = {"__name__": "ask"}
    exec(compile(files["ask.py"], "ask.py", "exec"), module)
    pixels = np.arange(np.prod(clip.shape), dtype=np.uint8).reshape(module["SHAPE"])
    body, headers = module["request"](pixels)
    size = int(headers["Inference-Header-Content-Length"])
    head = json.loads(body[:size])
    assert (head["inputs"][0]["shape"], head["inputs"][0]["datatype"]) == ([1, *clip.shape], "UINT8")
    assert body[size:] == pixels.tobytes()
    assert files["labels.txt"].splitlines() == list(LABELS)
    assert json.loads(files["clip.json"]) == clip.to_dict()


def test_android(written, clip):
    files = written("android", axes=4)
    assets = "app/src/main/assets"
    assert sorted(files) == ["README.md", f"{assets}/actions.tflite", f"{assets}/clip.json", f"{assets}/labels.txt",
                             "app/src/main/java/actions/Classifier.kt"]
    kotlin = files["app/src/main/java/actions/Classifier.kt"]
    for line in ("const val FRAMES = 4", "const val HEIGHT = 32", "const val WIDTH = 32",
                 "const val BYTES = FRAMES * HEIGHT * WIDTH * 3", 'assets.openFd("actions.tflite")'):
        assert line in kotlin
    assert kotlin.count("{") == kotlin.count("}")
    assert "uint8 `(4, 32, 32, 3)`" in files["README.md"]
    assert "processor alone" not in files["README.md"]
    assert "processor alone" in written("android")["README.md"]


@pytest.mark.backends
def test_onnxruntime_answers(network, clips_of_noise, tmp_path, runtime, capsys):
    runtime("onnx")
    path, _ = export_file(network, tmp_path / "actions", list(LABELS), format="onnx")
    assert main(["deploy", path, "--target=onnxruntime", f"--output={tmp_path}/out", "--json"]) == 0
    assert "answer.py" in json.loads(capsys.readouterr().out)["files"]
    np.save(tmp_path / "clip.npy", clips_of_noise[0])
    done = subprocess.run([sys.executable, tmp_path / "out" / "answer.py", tmp_path / "clip.npy"], capture_output=True,
                          text=True, check=True)
    logits = np.asarray(network(clips_of_noise[:1], training=False))[0]
    scores = np.exp(logits) / np.exp(logits).sum()
    assert done.stdout.splitlines() == [f"{scores[place]:.4f}  {LABELS[place]}" for place in logits.argsort()[::-1]]


@pytest.mark.backends
def test_the_signature_that_android_calls_is_there(network, tmp_path, runtime):
    runtime("litert")
    from ai_edge_litert import interpreter

    path, _ = export_file(network, tmp_path / "a", format="litert")
    assert list(interpreter.Interpreter(path).get_signature_list()) == ["serving_default"]


@pytest.mark.parametrize(("arguments", "message"), [
    (["m.onnx", "--target=android"], "--target=android takes a file NAME.tflite. Received: 'm.onnx'. Export one first: "
                                     "res3d export --format=litert --output=NAME.tflite"),
    (["größe.onnx", "--target=onnxruntime"], "A model's file needs a name of letters, digits, '_' and '-'"),
    (["m.onnx", "--target=onnxruntime", "--image=x"], "`--image` names a server's image, and --target=onnxruntime has "
                                                      "none. Received: 'x'."),
    (["m.onnx", "--target=onnxruntime"], "There must be a model file. Received: 'm.onnx', which does not exist."),
])
def test_what_cannot_be_deployed(tmp_path, capsys, arguments, message):
    assert main(["deploy", *arguments, f"--output={tmp_path}/out"]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
