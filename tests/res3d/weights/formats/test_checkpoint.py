"""Files of weights are read without torch, whatever their layout, and a broken one says how it is broken."""

import contextlib
import copy
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from res3d.weights.errors import CheckpointError
from res3d.weights.formats.checkpoint import read_checkpoint

RAMP = np.arange(24, dtype=np.float32)
WRITERS = ("write_zip", "write_legacy")


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8", "bool"])
def test_number_types(layout, tmp_path, writer, dtype):
    values = (RAMP.reshape(2, 3, 4) % 2).astype(dtype)
    path = getattr(layout, writer)(tmp_path / "a.pth", {"fc.weight": values})
    read = read_checkpoint(path).tensors["fc.weight"]
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize("writer", WRITERS)
def test_bfloat16_becomes_float32(layout, tmp_path, writer):
    high = np.array([0x3F80, 0xC000, 0x7F80], np.uint16)  # 1, -2, infinity
    path = getattr(layout, writer)(tmp_path / "a.pth", {"w": layout.View(high, dtype="bfloat16")})
    np.testing.assert_array_equal(read_checkpoint(path).tensors["w"], np.float32([1, -2, np.inf]))


@pytest.mark.parametrize("writer", WRITERS)
def test_views_of_one_storage(layout, tmp_path, writer):
    state = {"row": layout.View(RAMP, 4, (4,), (1,)), "turned": layout.View(RAMP, 0, (4, 6), (1, 4)),
             "every_other": layout.View(RAMP, 1, (3, 2), (8, 2)), "empty": layout.View(RAMP, 0, (0, 5), (5, 1)),
             "number": layout.View(RAMP, 7, (), ())}
    read = read_checkpoint(getattr(layout, writer)(tmp_path / "a.pth", state)).tensors
    np.testing.assert_array_equal(read["row"], [4, 5, 6, 7])
    np.testing.assert_array_equal(read["turned"], RAMP.reshape(6, 4).T)
    np.testing.assert_array_equal(read["every_other"], [[1, 3], [9, 11], [17, 19]])
    assert read["empty"].shape == (0, 5)
    assert read["number"] == 7
    assert all(array.flags["C_CONTIGUOUS"] for array in read.values())


@pytest.mark.parametrize("container", ["state_dict", "model_state", "model", "model_state_dict"])
@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.model."])
def test_containers_and_prefixes(layout, tmp_path, container, prefix):
    state = {f"{prefix}fc.weight": np.ones((2, 3), np.float32), f"{prefix}fc.bias": np.zeros(2, np.float32)}
    content = {"epoch": 7, "arch": "resnet-18", container: state, "optimizer": {"state": {0: {"momentum": RAMP}}}}
    checkpoint = read_checkpoint(layout.write_zip(tmp_path / "a.pth", content))
    assert list(checkpoint.tensors) == ["fc.weight", "fc.bias"]
    assert checkpoint.facts == {"epoch": 7, "arch": "resnet-18"}
    assert checkpoint.prefix == prefix
    assert repr(checkpoint).endswith("2 tensors, 8 numbers)")


def test_a_prefix_that_only_some_names_have_stays(layout, tmp_path):
    state = {"backbone.conv1.conv.weight": RAMP, "cls_head.fc_cls.bias": RAMP}
    assert list(read_checkpoint(layout.write_zip(tmp_path / "a.pth", state)).tensors) == list(state)


def test_plain_pickle_of_arrays_as_caffe2_writes_it(tmp_path):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"blobs": {"pred_w": RAMP.reshape(4, 6), "lr": np.float32(0.1)}}, protocol=2))
    np.testing.assert_array_equal(read_checkpoint(path).tensors["pred_w"], RAMP.reshape(4, 6))


def test_big_endian_records(layout, tmp_path):
    swapped = RAMP.byteswap()
    path = layout.write_zip(tmp_path / "a.pth", {"w": swapped}, records={"byteorder": b"big"})
    np.testing.assert_array_equal(read_checkpoint(path).tensors["w"], RAMP)


def fails(path):
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_truncated(layout, tmp_path, writer, part):
    path = getattr(layout, writer)(tmp_path / "a.pth", {"w": np.ones(5000, np.float32), "v": RAMP})
    path.write_bytes(path.read_bytes()[:int(path.stat().st_size * part)])
    assert "truncated" in fails(path)


def test_storage_shorter_than_it_claims(layout, tmp_path):
    path = layout.write_zip(tmp_path / "a.pth", {"w": RAMP}, records={"data/0": RAMP[:5].tobytes()})
    assert "storage 0 must hold 24 numbers of float32 (96 bytes) but the file has 20 bytes" in fails(path)


@pytest.mark.parametrize(("view", "message"), [
    ((0, (5, 5), (1, 1)), "size (5, 5) with stride (1, 1) overlaps itself"),
    ((0, (24, 10), (1, 0)), "overlaps itself"),
    ((20, (2, 3), (3, 1)), "reach past a storage of 24 numbers"),
    ((19, (2, 3), (3, 1)), "reach past a storage of 24 numbers"),  # by one
    ((0, (2**40, 1), (1, 1)), "more than 16 times as large as the file"),
    ((-3, (2,), (1,)), "are not whole numbers that agree"),
    ((0, (2, 3), (1,)), "are not whole numbers that agree"),
])
def test_views_that_cannot_be(layout, tmp_path, view, message):
    assert message in fails(layout.write_zip(tmp_path / "a.pth", {"w": layout.View(RAMP, *view)}))


def test_the_same_numbers_over_and_over(layout, tmp_path):
    numbers = np.zeros(10_000, np.float32)
    state = {f"w{i}": layout.View(numbers, 0) for i in range(2000)}
    assert "view the same numbers over and over" in fails(layout.write_zip(tmp_path / "a.pth", state))


def test_compressed_records(tmp_path):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0", bytes(10_000_000))
    assert "'archive/data.pkl' is compressed" in fails(path)


def test_records_that_overlap(tmp_path):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0", bytes(10_000))
        for number in range(1, 100):  # a hundred names for one place
            again = copy.copy(archive.filelist[1])
            again.filename = f"archive/data/{number}"
            archive.filelist.append(again)
    assert "its records claim 1000004 bytes in a file of" in fails(path)


def test_torchscript_and_foreign_archives(layout, tmp_path):
    script = layout.write_zip(tmp_path / "a.pt", {"w": RAMP}, records={"code/model.py": b"def forward(): pass"})
    assert "it is a TorchScript program" in fails(script)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "expected a record data.pkl, as torch.save writes; the archive holds readme.txt" in fails(tmp_path / "b.zip")


@pytest.mark.parametrize(("content", "message"), [
    (b"", "the file is empty"),
    (b"<!DOCTYPE html><html>", "is a web page"),
    (b"\x1f\x8b\x08\x00aaaa", "is compressed"),
    (b"\x89HDF\r\n\x1a\n0000", "is HDF5"),
    (b"hello world, I am text", "starts with b'hello wo'"),
    (b"x" * 257 + b"ustar" + b"x" * 100, "is a tar archive"),
    (pickle.dumps({"epoch": 3}, 2), "expected named tensors; the file holds a dict of 'epoch'"),
    (pickle.dumps({"e" * 10_000: 3, (1, 2): 3}, 2), f"a dict of '{'e' * 40}', a tuple."),
    (pickle.dumps([1, 2], 2), "expected named tensors; the file holds a list"),
])
def test_files_that_are_something_else(tmp_path, content, message):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    assert message in fails(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_checkpoint(tmp_path / "none.pth")


def test_random_damage_is_always_one_kind_of_error(layout, tmp_path):
    random = np.random.default_rng(0)
    for writer in WRITERS:
        whole = getattr(layout, writer)(tmp_path / "a.pth", {"w": RAMP, "l": [1, "x"]}).read_bytes()
        for _ in range(150):
            broken = bytearray(whole)
            for position in random.integers(0, len(whole), 3):
                broken[position] = random.integers(256)
            path = tmp_path / "b.pth"
            path.write_bytes(broken)
            with contextlib.suppress(CheckpointError):
                read_checkpoint(path)


def test_reading_and_recognising_need_neither_torch_nor_keras(layout, tmp_path):
    path = layout.write_zip(tmp_path / "a.pth", {"stem.0.weight": RAMP, "layer1.0.conv1.0.weight": RAMP})
    code = ("import sys, res3d.weights; "
            f"print(res3d.weights.recognise({str(path)!r}).source, {{'torch', 'keras'}} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "torchvision set()\n"
