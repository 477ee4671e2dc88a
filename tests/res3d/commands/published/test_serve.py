"""`res3d serve` takes a folder as ever, or any other model, which it exports first."""

import argparse

import pytest

from res3d.commands.published import serve
from serving.commands import serve as plain


@pytest.fixture
def served(monkeypatch):
    """Arguments of `serve`, and what the server was then asked to serve, instead of serving."""
    asked = []
    monkeypatch.setattr(plain, "run", lambda args: asked.append(args.model))
    monkeypatch.setenv("RES3D_OFFLINE", "")

    def run(*argv):
        parser = argparse.ArgumentParser()
        serve.add_flags(parser)
        serve.run(parser.parse_args(argv))
        return asked[-1]

    return run


def test_published_weights_are_exported_first(served, monkeypatch):
    from res3d.workflows import export

    monkeypatch.setattr(export, "exported", lambda name: f"/exports/{name}")
    assert served("slow_r50/pyslowfast/kinetics400") == "/exports/slow_r50/pyslowfast/kinetics400"
    assert served("hf://me/waving@v1") == "/exports/hf://me/waving@v1"
    assert served("https://host/r3d_18.pth") == "/exports/https://host/r3d_18.pth"


@pytest.mark.parametrize("name", ["config.json", "recipe.yaml", "best.keras"])
def test_models_that_are_no_export_are_exported_first(name, served, tmp_path, monkeypatch):
    from res3d.workflows import export

    monkeypatch.setattr(export, "exported", lambda name: f"/exports{name}")
    (tmp_path / name).touch()
    model = str(tmp_path / name if name.endswith(".keras") else tmp_path)
    assert served(model) == f"/exports{model}"


def test_folders_and_mistakes_are_left_to_the_server(served, tmp_path, monkeypatch):
    assert served(str(tmp_path)) == str(tmp_path)
    assert served("exports/none") == "exports/none"
    assert served("s3://bucket/slow_r50") == "s3://bucket/slow_r50"
    (tmp_path / "slow_r50").mkdir()
    monkeypatch.chdir(tmp_path)
    assert served("slow_r50") == "slow_r50"
