"""Versions on disk: which there are, which are wanted, and what is missing from one that has not arrived."""

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
