"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Those that build several networks, or make and decode videos, and so take more than half a second.
SLOW = {"res3d.weights.inflation", "res3d.pretrained.preset", "res3d.heads.unet", "res3d.saving",
        "res3d.workflows.feeding.room", "res3d.blocks.preactivation", "pipelines.dataset.evaluation",
        "pipelines.dataset.training", "pipelines.dataset.windows.training", "pipelines.manifest",
        "pipelines.synthetic.motions", "pipelines.video.reading"}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def with_examples():
    for room in ("res3d", "pipelines", "serving"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
                                  for name in with_examples()])
def test_examples_run(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # an example may write files
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=OPTIONS)
    assert result.attempted
    assert not result.failed
