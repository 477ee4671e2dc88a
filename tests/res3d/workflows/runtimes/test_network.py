"""`res3d export --format=onnx` and `res3d predict --model=M.onnx`: the classes of the network that was exported."""

import json
import sys

import pytest

from res3d.workflows.loading import load_network
from serving.exporter.runtimes.eight_bits import int8

KINDS = [("onnx", ".onnx"), ("openvino", ".xml"), ("litert", ".tflite")]


@pytest.mark.backends
@pytest.mark.parametrize(("kind", "suffix"), KINDS)
def test_predictions_are_those_of_the_network(trained, motion, tmp_path, console, runtime, kind, suffix):
    runtime(kind)
    video, path = next((motion / "val").rglob("*.avi")), tmp_path / f"m{suffix}"
    code, out, err = console("export", f"--workdir={trained}", f"--output={path}", f"--format={kind}", "--batch=2")
    assert (code, err) == (0, "")
    axes = "  frames on the batch axis: no tensor has more than four axes\n" if kind == "litert" else ""
    assert out.startswith(f"{path}\n{axes}  within ")
    assert out.endswith(f"next: res3d predict VIDEO --model={path}\n")
    answers = []
    for model in (trained, path):  # some views, of which the file takes two at once
        code, out, _ = console("predict", video, f"--model={model}", "--json", "--top=8", "--protocol=torchvision_5")
        assert code == 0
        answers.append({row["label"]: row["score"] for row in json.loads(out)[0]["top"]})
    assert answers[0] == pytest.approx(answers[1], abs=1e-5)
    code, _, err = console("predict", video, f"--model={path}", "--protocol=full_video")
    assert code == 1
    assert "takes clips of shape (4, 32, 32, 3), and the protocol makes ('any', 32, 32, 3)" in err
    code, _, err = console("predict", video, f"--model={path}", f"--explain={tmp_path}/e.avi")
    assert code == 1
    assert "`--explain` looks into the network" in err
    with pytest.raises(ValueError, match=r"was settled when it was exported\. Received: activation='softmax'"):
        load_network(path, activation="softmax")


@pytest.mark.backends
@pytest.mark.parametrize(("kind", "suffix"), KINDS)
def test_a_file_that_no_runtime_loads(tmp_path, runtime, kind, suffix):
    runtime(kind)
    path = tmp_path / f"m{suffix}"
    path.write_bytes(b"no model")
    with pytest.raises(ValueError, match="A model file must be one that its runtime can load"):
        load_network(path)


@pytest.mark.parametrize(("flags", "message"), [
    (("--format=onnx", "--version=3"), "`--version` is for --format=saved_model. Received it with format='onnx'."),
    (("--format=openvino", "--noverify"), "`--noverify` is for --format=saved_model."),
    (("--format=onnx", "--samples=3"), "`--samples` counts clips of --data. Received: samples=3 without any."),
    (("--axes=4",), "`--axes` is for --format=onnx or openvino or litert. Received: format='saved_model'."),
    (("--format=openvino", "--quantize=int8"), "8 bits needs --quantize=int8 and the --data that it is calibrated on. "
                                               "Received: quantize='int8', data=None."),
    (("--samples=0",), "`--samples` must be 1 or more. Received: 0."),
    (("--batch=2",), "`--batch` is for --format=onnx or openvino or litert. Received: format='saved_model'."),
])
def test_flags_of_other_formats_are_refused(trained, tmp_path, console, flags, message):
    code, _, err = console("export", f"--workdir={trained}", f"--output={tmp_path}/m", *flags)
    assert code == 1
    assert message in err


def test_a_file_that_is_not_there_and_a_runtime_that_is_not(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"must be a model file\. Received: '.*m\.onnx', which does not exist"):
        load_network(tmp_path / "m.onnx")
    (tmp_path / "m.onnx").touch()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"needs ONNX Runtime, which is not installed\. .*install 'res3d\[onnx\]'"):
        load_network(tmp_path / "m.onnx")


def test_what_eight_bits_need_is_asked_for_before_anything_is_read(tmp_path, console, monkeypatch):
    monkeypatch.setitem(sys.modules, "nncf", None)
    code, _, err = console("export", f"--workdir={tmp_path}/none", f"--output={tmp_path}/m", "--format=openvino",
                           f"--data={tmp_path}/none", "--quantize=int8")
    assert code == 1
    assert "`--quantize=int8` needs nncf, which is not installed. Install the extra: pip install 'res3d[int8]'" in err


@pytest.mark.backends
def test_eight_bits_are_calibrated_on_the_videos_to_train_on(trained, motion, tmp_path, console, runtime, monkeypatch):
    runtime("int8")
    flags = ("export", f"--workdir={trained}", f"--output={tmp_path}/m", "--format=openvino", f"--data={motion}",
             "--quantize=int8")
    code, _, err = console(*flags)
    assert code == 1
    assert "calibrated on 100 to 500 clips. Received: 16. Name more videos" in err
    monkeypatch.setattr(int8, "LEAST", 16)
    code, out, _ = console(*flags)
    assert code == 0
    assert out.startswith(f"{tmp_path}/m.xml\n  8-bit arithmetic: clips 8, ")  # those to validate on
    assert "top1_before" in out
    assert "answers again in a fresh process, at batch 1 and 2, by OpenVINO" in out
