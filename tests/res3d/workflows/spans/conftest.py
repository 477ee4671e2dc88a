"""A work folder of task spans as training leaves it, its network too small to have learnt anything."""

import keras
import numpy as np
import pytest

from pipelines import synthetic
from res3d.__main__ import main
from res3d.heads.steps import step_classifier
from res3d.networks import build
from res3d.spans import SpanSpec
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from serving.server.server import Server
from serving.server.settings import Settings

LABELS = ("grow", "jump", "turn")


@pytest.fixture(scope="session")
def untrained(tmp_path_factory):
    """A work folder whose network gives scores that cross every level, and one label of which is an instant."""
    keras.utils.set_random_seed(1)
    recipe = find_recipe("spans_small", ["clip.frames=12"])
    backbone = build("plain3d_5", clip=recipe.clip, width=0.125, keep_time=True, features=True, motion="difference")
    model = step_classifier(backbone, 4, filters=8, dilations=(1,))
    head = model.get_layer("logits")
    head.kernel.assign(np.random.default_rng(0).normal(0, 1.5, head.kernel.shape))
    folder = WorkFolder(tmp_path_factory.mktemp("untrained") / "run")
    folder.claim(recipe, LABELS, {"task": "spans"})
    spec = SpanSpec(LABELS, rate=10.0, window=12, instants=("jump",), threshold=0.2, smooth_seconds=0.3)
    spec.save(folder.spans_file)
    model.save(folder.best)
    return folder


@pytest.fixture(scope="session")
def long_video(tmp_path_factory):
    """Six seconds, which are not a whole number of windows."""
    folder = tmp_path_factory.mktemp("long") / "one"
    synthetic.write_long(folder, videos=1, seconds=6)
    return str(folder / "0000.avi")


@pytest.fixture(scope="session")
def version(untrained, tmp_path_factory):
    """The version folder that `res3d export` makes of it."""
    output = tmp_path_factory.mktemp("exports") / "events"
    assert main(["export", f"--workdir={untrained}", f"--output={output}"]) in (0, None)
    return output / "1"


@pytest.fixture(scope="session")
def server(version):
    """A server of it, with its page."""
    values = {"model_name": "events", "model_base_path": str(version.parent), "port": None, "rest_api_port": None,
              "page": True}
    with Server(Settings.from_flags(values)) as started:
        yield started
