"""A tiny network and the preset that it is kept as, shared by what presets go through."""

import pytest

import res3d
from tests.res3d.catalogue import stir

CLIP = res3d.ClipSpec(4, 1, None, 32, 32)
RESULT = {"dataset": "kinetics400", "protocol": "10 clips x 3 crops", "top1": 74.58, "top5": 91.63}


@pytest.fixture(scope="session")
def model():
    """A tiny network whose weights all show; do not change them."""
    return stir(res3d.build("resnet_10", 3, CLIP, width=0.125))


@pytest.fixture(scope="session")
def folder(model, tmp_path_factory):
    """Its preset; read it, do not write to it."""
    folder = tmp_path_factory.mktemp("presets") / "waving"
    res3d.save_preset(model, folder, labels=["a", "b", "c"], results=[RESULT], licence="CC-BY-NC-4.0")
    return folder
