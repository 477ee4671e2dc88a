"""An export goes to a folder of this machine, however it is named, and nowhere else."""

import pathlib

import pytest

import serving


@pytest.mark.parametrize("address", ["s3://bucket/models/x", "gs://bucket/x", "S3://user:secret@bucket/x",
                                     pathlib.Path("models")])
def test_an_address_is_refused_by_name(network, tmp_path, monkeypatch, address):
    monkeypatch.chdir(tmp_path)
    if isinstance(address, pathlib.Path):
        with pytest.raises(ValueError, match="`top` must be"):  # a plain folder passes
            serving.export(network, address, top=0)
    else:
        with pytest.raises(ValueError, match=r"^An export must be in a folder .* Received: '.*x', an a") as found:
            serving.export(network, address)
        assert "secret" not in str(found.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_file_address_is_a_folder(network, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = serving.export(network, f"file://{tmp_path}/my%20models/x", verified=False)
    assert path == f"{tmp_path}/my models/x/1"
    assert [child.name for child in tmp_path.iterdir()] == ["my models"]
