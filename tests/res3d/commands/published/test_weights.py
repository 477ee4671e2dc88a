"""`res3d weights`: the table, and files fetched, checked and removed, or one line that says why not."""

import hashlib
import json

import numpy as np
import pytest

from res3d.commands.main import main
from res3d.weights.catalogue.table import find_weights, published
from res3d.weights.store.places import place
from tests.golden import torch_layout

ROW = "slow_r50/pytorchvideo/kinetics400"
ROWS = "network,tag,address,classes\n"  # of a user's own table


def more(column, cell):
    """A user's own table with one more column."""
    return f"network,tag,address,classes,{column}\nr3d_18,a,x.pth,5,{cell}\n"


@pytest.fixture(autouse=True)
def mirror(tmp_path, monkeypatch):
    """A folder that mirrors one file without a published digest, and an empty cache."""
    path = tmp_path / "mirror" / find_weights(ROW).address.removeprefix("https://")
    path.parent.mkdir(parents=True)
    torch_layout.write_zip(path, {"model_state": {"blocks.5.proj.bias": np.zeros(400, np.float32)}})
    monkeypatch.setenv("RES3D_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RES3D_MIRROR", str(tmp_path / "mirror"))
    for name in ("RES3D_OFFLINE", "RES3D_ACCEPT_LICENSE", "RES3D_CATALOG"):
        monkeypatch.setenv(name, "")  # what a flag sets goes with the test
    return path


def run(capsys, *args):
    code = main(["weights", *args])
    said = capsys.readouterr()
    return code, said.out, said.err.strip().splitlines()[-1:]


def test_the_table(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert len(out.splitlines()) == len(published()) + 1
    assert "r3d_18/torchvision/kinetics400 " in out
    code, out, _ = run(capsys, "r3d_18/", "--json")
    rows = json.loads(out)
    assert [row["name"] for row in rows] == ["r3d_18/torchvision/kinetics400"]
    row = rows[0]
    assert (row["metric"], row["top1"], row["licence"], row["cached"]) == ("top-1", 63.2, "BSD-3-Clause", False)
    assert row["bytes"] == round(127.359 * 2**20)
    assert row["clip"]["frames"] == 16


def test_fetch_verify_remove(mirror, capsys):
    assert run(capsys, "verify")[:2] == (0, "nothing is here\n")
    code, out, _ = run(capsys, "fetch", "slow_r50")
    to = place(find_weights(ROW).address)
    assert (code, out) == (0, f"{ROW}: {to.file}\n")
    assert to.file.read_bytes() == mirror.read_bytes()
    assert run(capsys, "slow_r50/pytorchvideo/k")[1].splitlines()[1].endswith("yes")
    assert run(capsys, "verify")[:2] == (0, f"{ROW}: as it was\n")
    with open(to.file, "r+b") as file:
        file.seek(100)
        file.write(b"!!")
    code, out, _ = run(capsys, "verify", "slow_r50")
    assert code == 1
    assert f"and was {hashlib.sha256(mirror.read_bytes()).hexdigest()} when it came" in out
    assert run(capsys, "remove", "slow_r50")[1] == f"{ROW}: removed\n"
    assert run(capsys, "remove", "slow_r50")[1] == f"{ROW}: was not here\n"


def test_another_file_at_the_same_address(mirror, capsys):
    run(capsys, "fetch", "slow_r50")
    run(capsys, "remove", "slow_r50")
    torch_layout.write_zip(mirror, {"model_state": {"blocks.5.proj.bias": np.ones(400, np.float32)}})
    code, _, error = run(capsys, "fetch", "slow_r50")
    assert code == 1
    assert "the first time it was" in error[0]
    run(capsys, "remove", "slow_r50", "--forget")
    assert run(capsys, "fetch", "slow_r50")[0] == 0


@pytest.mark.parametrize(("args", "words"), [
    (["none"], "Names must be part of those of published weights. Received: none"),
    (["fetch"], "`res3d weights fetch` needs names"),
    (["fetch", "slow_r5"], "Did you mean slow_r50"),
    (["fetch", "slow_r50/imagenet1k"], "Published weights of slow_r50 are pytorchvideo/kinetics400"),
    (["verify", "r3d_18"], "It has not been fetched"),
    (["fetch", "r3d_18", "--offline"], "(--offline) forbids to fetch it. To put it by hand, its place is"),
    (["fetch", "resnet_18/timm/ig1b_imagenet1k-swsl"], "--accept-licence=CC-BY-NC-4.0"),
    (["fetch", "resnet_18/timm/ig1b_imagenet1k-swsl", "--accept-licence=CC-BY-NC-4.0"], "there is no file"),
    (["slow_r50", "--forget"], "`--forget` works with `remove` only"),
])
def test_what_is_wrong_is_one_line(args, words, capsys):
    code, _, error = run(capsys, *args)
    assert code == 1
    assert words in error[0]


@pytest.mark.parametrize(("text", "words"), [
    ("network,tag\nr3d_18,a\n", "lacks address, classes"),
    ("network,tag,address,classes,colour\nr3d_18,a,x.pth,5,red\n", "has colour"),
    ("network,tag,address,classes,tag\n", "has tag twice"),
    (ROWS + "r3d_81,a,x.pth,5\n", "Column network on line 2 of RES3D_CATALOG, {}: `name` must be one of"),
    (ROWS + "\nr3d_18,a/b,x.pth,5\n", "Column tag on line 3 of RES3D_CATALOG, {}: Expected a word without a slash"),
    (ROWS + "r3d_18,a,ftp://x.pth,5\n", "Column address on line 2 of RES3D_CATALOG, {}: Expected an http://"),
    (ROWS + "r3d_18,a,x.pth\n", "Column classes on line 2 of RES3D_CATALOG, {}: Expected a whole number above 0"),
    (ROWS + "r3d_18,a,x.pth,5,6\n", "Received: 1 more on line 2 of RES3D_CATALOG, {}. Put a cell with a comma"),
    (ROWS + "r3d_18,a,x.pth,5\nr3d_18,a,y.pth,5\n", "r3d_18/own/a on line 3 of RES3D_CATALOG, {}, and on line 2"),
    (more("labels", "kinetics400"), "On line 2 of RES3D_CATALOG, {}: `labels` must name 5 classes"),
    (more("labels", "none.txt"), "On line 2 of RES3D_CATALOG, {}: `labels` must be the name of a published list or"),
    (more("digest", "12"), "Column digest on line 2 of RES3D_CATALOG, {}: A digest has 64 hexadecimal figures"),
    (more("top1", "nan"), "Column top1 on line 2 of RES3D_CATALOG, {}: Expected a number that is not negative"),
    (more("resize", "256p"), "Column resize on line 2 of RES3D_CATALOG, {}: Expected a short side"),
    (more("multi_label", "maybe"), "Column multi_label on line 2 of RES3D_CATALOG, {}: Expected yes or no"),
    (more("scaling", "none"), "On line 2 of RES3D_CATALOG, {}: `scaling` must be one of torchvision"),
    ("network,tag\nr3d_18,\u00e9\n", "in UTF-8. Received: {} ('utf-8' codec"),
    (None, "must name a CSV file of published weights. Received: {}, which is not there"),
])
def test_own_rows_that_are_none(text, words, tmp_path, monkeypatch, capsys):
    path = tmp_path / "own.csv"
    if text is not None:
        path.write_text(text, encoding="latin-1")
    monkeypatch.setenv("RES3D_CATALOG", str(path))
    code, _, error = run(capsys)
    assert code == 1
    assert words.format(path) in error[0]


def test_own_rows_come_first(tmp_path, monkeypatch, capsys):
    (tmp_path / "own.csv").write_text("network,tag,address,classes,size\nslow_r50,kinetics400,a.pth,5,112\n")
    monkeypatch.setenv("RES3D_CATALOG", str(tmp_path / "own.csv"))
    row = json.loads(run(capsys, "slow_r50", "--json")[1])[0]
    assert (row["name"], row["address"]) == ("slow_r50/own/kinetics400", f"file://{tmp_path}/a.pth")
    assert (row["clip"]["height"], row["clip"]["frames"]) == (112, 8)
    assert find_weights("slow_r50").source == "own"


def test_own_names_are_found_however_they_are_written(tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text("network,tag,address,classes,source\nr3d_18,Waving-V2,a.pth,5,Lab\n")
    monkeypatch.setenv("RES3D_CATALOG", str(tmp_path / "own.csv"))
    for name in ("r3d_18/Lab/Waving-V2", "r3d_18/lab/waving", "r3d_18/waving-v2"):
        assert find_weights(name).name == "r3d_18/Lab/Waving-V2"
