"""`res3d export` from a file to a version folder, with every flag that reaches the exporter, and what it refuses."""

import argparse
import json
import shutil

import pytest

from res3d.commands import export
from serving.tensors import protos


def called(*flags):
    parser = argparse.ArgumentParser()
    export.add_flags(parser)
    export.run(parser.parse_args(flags))


@pytest.fixture(scope="module")
def saved(network, clip, tmp_path_factory):
    """A model file as training leaves it, labels.txt beside it."""
    folder = tmp_path_factory.mktemp("saved")
    network.save(folder / "best.keras")
    (folder / "labels.txt").write_text("come\ngo\nstay\n", encoding="utf-8")
    clip.save(folder / "clip.json")
    return folder / "best.keras"


def card_of(version):
    return json.loads((version / "assets.extra/model_card.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_file_becomes_the_next_version(saved, tmp_path, capsys):
    output = tmp_path / "gestures"
    called(f"--model={saved}", f"--output={output}", "--version=7", "--nofold", "--noverify", "--top=2")
    called(f"--model={saved}", f"--output={output}", "--noverify", "--multi_label", "--warmup_batches=1,2")
    first, second = card_of(output / "7"), card_of(output / "8")
    assert first["labels"] == second["labels"] == ["come", "go", "stay"]
    assert (first["multi_label"], second["multi_label"]) == (False, True)
    assert (first["precision"]["folded_norms"], second["precision"]["folded_norms"]) == (0, 12)
    assert first["answers"].startswith("bit-equal to model.predict for uint8 clips on the same machine")
    printed = capsys.readouterr().out
    assert f"{output}/7\n  r3d_10: " in printed
    assert "0 batch norms folded, computed in float32\n  not verified\n" in printed
    assert printed.endswith(f"next: res3d serve {output}\n")


@pytest.mark.slow
def test_another_runtime_verifies(saved, tmp_path, capsys):
    """The library of a folder other than the installed package's: here links to the same files."""
    folder, runtime = protos.tensorflow_folder(), tmp_path / "tensorflow"
    runtime.mkdir()
    for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):
        (runtime / name).symlink_to(folder / name)
    called(f"--model={saved}", f"--output={tmp_path}/gestures", f"--runtime_dir={runtime}")
    report = card_of(tmp_path / "gestures/1")["verified"]
    assert report["runtime"].endswith(" C library")
    assert report["without_c_library"] is None
    assert f"verified by {report['runtime']}" in capsys.readouterr().out


@pytest.mark.slow
def test_a_runtime_that_is_not_there_is_refused(saved, tmp_path):
    with pytest.raises(ValueError, match=r"was refused: TensorFlow's C library must be readable in .*/nowhere\. .*"
                                         r"Nothing was left there\."):
        called(f"--model={saved}", f"--output={tmp_path}/gestures", f"--runtime_dir={tmp_path}/nowhere")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("flags", "message"), [
    ((), "`res3d export` needs either --workdir or --model. Received neither."),
    (("--workdir=run", "--model=m.keras"), "`res3d export` needs either --workdir or --model. Received both."),
])
def test_one_source_is_needed(tmp_path, flags, message):
    with pytest.raises(ValueError, match=message):
        called(f"--output={tmp_path}/gestures", *flags)


def test_warmup_batches_must_be_sizes(saved, tmp_path):
    with pytest.raises(ValueError, match=r"must be batch sizes such as 1,2,4. Received: '1,x'."):
        called(f"--model={saved}", f"--output={tmp_path}/gestures", "--warmup_batches=1,x")


@pytest.mark.slow
def test_a_work_folder_brings_its_metrics(saved, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(saved.parent, run)
    (run / "metrics.json").write_text('{"top1": 0.5}', encoding="utf-8")
    called(f"--workdir={run}", f"--output={tmp_path}/gestures", "--noverify")
    assert card_of(tmp_path / "gestures/1")["metrics"] == {"top1": 0.5}
