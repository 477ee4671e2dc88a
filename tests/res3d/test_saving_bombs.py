"""A `.keras` file that unpacks to far more than it has is refused before it is opened."""

import io
import os
import shutil
import zipfile

import h5py
import numpy as np
import pytest

from res3d.networks import build
from res3d.saving import check_unpacked, load_model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.keras"
    build("resnet_10", 2, input_shape=(32, 32, 3), width=0.125).save(path)
    return path


def with_member(saved, path, name, data, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(path, "w", compression) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["model.weights.h5", *(
    pytest.param(name, marks=pytest.mark.slow) for name in ("config.json", "assets/more"))])
def test_a_zip_bomb_is_refused(saved, tmp_path, name):
    path = with_member(saved, tmp_path / "bomb.keras", name, bytes(300 << 20))
    assert path.stat().st_size < 2 << 20
    with pytest.raises(ValueError, match=r"must unpack to at most \d+ bytes\. Received: '.*bomb\.keras'"):
        load_model(path)


@pytest.mark.parametrize("packed", [{}, {"compression": "gzip", "chunks": (2**20,)}])
def test_weights_that_only_say_their_shape_are_refused(saved, tmp_path, packed):
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        file.create_dataset("layers/a/vars/0", shape=(2**40,), dtype="f4", **packed)
    path = with_member(saved, tmp_path / "bomb.keras", "model.weights.h5", data.getvalue())
    with pytest.raises(ValueError, match=str(2**42)):
        load_model(path)


@pytest.mark.slow
def test_honest_files_pass_packed_or_not(saved, tmp_path):
    check_unpacked(saved)
    with zipfile.ZipFile(saved) as archive:
        path = with_member(saved, tmp_path / "packed.keras", "config.json", archive.read("config.json"))
    assert os.path.getsize(path) < os.path.getsize(saved)
    before, after = load_model(saved), load_model(path)
    for one, other in zip(before.get_weights(), after.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_damaged_files_are_for_keras_to_refuse(saved, tmp_path):
    path = tmp_path / "cut.keras"
    shutil.copy(saved, path)
    os.truncate(path, 1000)
    with pytest.raises(ValueError):  # in Keras' own words
        load_model(path)
