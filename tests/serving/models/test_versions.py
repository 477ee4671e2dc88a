"""Versions on disk: which there are, which are wanted, and what is missing from one that has not arrived."""

import errno
import os
import pathlib
import shutil

import pytest

from serving.models import bundle, versions


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("saved") / "1"
    module = tf.Module()
    module.weights = [tf.Variable(tf.random.normal((40, i + 1)), name=f"a_rather_long_name_{i}") for i in range(60)]
    text = folder.parent / "words.txt"
    text.write_text("one\ntwo\n")
    module.asset = tf.saved_model.Asset(str(text))
    module.serve = tf.function(lambda x: {"y": x + tf.reduce_sum(module.weights[0])},
                               input_signature=[tf.TensorSpec((None,), tf.float32, name="x")])
    tf.saved_model.save(module, str(folder), {"serving_default": module.serve})
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "1")


@pytest.mark.slow
def test_a_whole_version_lacks_nothing(copy):
    assert versions.missing(copy) == ""


@pytest.mark.parametrize(("file", "lack"), [
    ("saved_model.pb", "saved_model.pb is not there"), ("assets/words.txt", "assets/words.txt is not there"),
    ("variables/variables.index", "variables/variables.index is not there"),
    ("variables/variables.data-00000-of-00001", "variables/variables.data-00000-of-00001 has 0 of ")])
def test_missing_files(copy, file, lack):
    (copy / file).unlink()
    assert versions.missing(copy).startswith(lack)


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.index",
                                  "variables/variables.data-00000-of-00001"])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.999])
def test_cut_files(copy, file, keep):
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content[:int(len(content) * keep)])
    assert versions.missing(copy)


def test_the_index_promises_every_byte(saved):
    shards, ends = bundle._promises((saved / "variables/variables.index").read_bytes())
    assert shards == 1
    assert ends[0] == (saved / "variables/variables.data-00000-of-00001").stat().st_size


def spoil(file, at, byte=0, count=1):
    content = bytearray(file.read_bytes())
    content[at:at + count] = bytes([byte]) * len(content[at:at + count])
    file.write_bytes(content)


def test_an_index_with_a_spoilt_byte_is_damaged(copy):
    index = copy / "variables/variables.index"
    whole = index.read_bytes()
    for at in range(0, len(whole) - 48, 41):
        spoil(index, at, whole[at] ^ 0x55)
        assert versions.missing(copy) in ("variables/variables.index is damaged", ""), "some bytes nobody reads"
        index.write_bytes(whole)
    spoil(index, 40, whole[40] ^ 0x55)
    assert versions.missing(copy) == "variables/variables.index is damaged"


@pytest.mark.parametrize("byte", [0x00, 0x80, 0xFF])
@pytest.mark.parametrize("kept", [8, 48, 200])
def test_an_index_filled_up_to_its_end_is_damaged(copy, byte, kept):
    index = copy / "variables/variables.index"
    spoil(index, 0, byte, index.stat().st_size - kept)
    assert versions.missing(copy) == "variables/variables.index is damaged"


def test_an_index_of_zeros_is_not_whole(copy):
    index = copy / "variables/variables.index"
    index.write_bytes(bytes(index.stat().st_size))
    assert versions.missing(copy) == "variables/variables.index ends early"


def a_file(path):
    shutil.rmtree(path)
    path.write_text("no folder")


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_loop(path):
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize(("place", "becomes", "lack"), [
    ("variables", a_file, "variables/variables.index cannot be read: Not a directory"),
    ("saved_model.pb", a_folder, "saved_model.pb cannot be read: it is no plain file"),
    ("saved_model.pb", a_loop, "saved_model.pb is not there"),
    ("variables/variables.index", a_folder, "variables/variables.index cannot be read: it is no plain file"),
    ("variables/variables.data-00000-of-00001", a_folder, "variables/variables.data-00000-of-00001 has 0 of "),
    ("saved_model.pb", a_pipe, "saved_model.pb is neither a file nor a folder"),
    ("variables/variables.index", a_pipe, "variables/variables.index is neither a file nor a folder"),
    ("assets/words.txt", a_pipe, "assets/words.txt is neither a file nor a folder")])
def test_other_things_in_the_place_of_files(copy, place, becomes, lack):
    becomes(copy / place)
    assert versions.Arrival(copy, patience_seconds=0.0).lacking().startswith(lack)


def test_a_device_in_the_place_of_a_model(copy):
    (copy / "saved_model.pb").unlink()
    (copy / "saved_model.pb").symlink_to("/dev/zero")
    assert "neither a file nor a folder" in versions.Arrival(copy, patience_seconds=0.0).lacking()
    assert "no plain file" in versions.missing(copy)


def test_a_file_larger_than_a_message_is_not_read(copy):
    os.truncate(copy / "saved_model.pb", 3 << 30)
    assert versions.missing(copy).startswith("saved_model.pb cannot be read: it has 3221225472 bytes, and at most")


def test_an_asset_whose_name_cannot_be(copy):
    from serving.tensors.protos import saved_model_pb2

    file = copy / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for name, lack in (("a\0b", "a\0b is not there"), ("n" * 300, "cannot be read: File name too long")):
        model.meta_graphs[0].asset_file_def[0].filename = name
        file.write_bytes(model.SerializeToString())
        assert versions.missing(copy).endswith(lack)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_version_that_the_disk_refuses_hides_no_other(tmp_path, copy, monkeypatch, number):
    shutil.copytree(copy, tmp_path / "2")
    stat = pathlib.Path.stat

    def refuse(path, **options):
        if "2" in path.relative_to(tmp_path).parts[:1]:
            raise OSError(number, os.strerror(number), str(path))
        return stat(path, **options)

    monkeypatch.setattr(pathlib.Path, "stat", refuse)
    assert sorted(versions.discover(tmp_path)) == [1, 2]
    assert versions.Arrival(tmp_path / "1", 0.0).lacking() in ("", "its assets are still being written")
    assert os.strerror(number) in versions.Arrival(tmp_path / "2", 0.0).lacking()


def test_a_folder_that_comes_and_goes_is_waited_for(copy):
    arrival = versions.Arrival(copy, patience_seconds=60)
    away = copy.with_name("away")
    for _ in range(3):
        os.rename(copy, away)
        assert arrival.lacking() == "saved_model.pb is not there"
        assert not arrival.given_up()
        os.rename(away, copy)
        assert arrival.lacking() in ("", "its assets are still being written")


def test_discover(tmp_path):
    for name in ("1", "007", "2.0", "x", "-4", "99999999999999999999", ".staging-8"):
        (tmp_path / name).mkdir()
    (tmp_path / "5").write_text("a file is no version")
    assert {number: path.name for number, path in versions.discover(tmp_path).items()} == {1: "1", 7: "007"}


def test_a_version_that_still_grows_is_waited_for(copy):
    data = copy / "variables/variables.data-00000-of-00001"
    content = data.read_bytes()
    data.write_bytes(content[:100])
    arrival = versions.Arrival(copy, patience_seconds=0.0)
    assert "has 100 of" in arrival.lacking()
    assert arrival.given_up(), "with no patience at all"
    data.write_bytes(content)
    arrival.lacking()
    assert not arrival.given_up()
