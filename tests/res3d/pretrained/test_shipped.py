import numpy as np
import pytest

import res3d
from pipelines.figures import CLASSES, MOTIONS, figure_clip
from res3d.geometry import ClipSpec
from res3d.pretrained.finding import SHIPPED, find
from res3d.saving import load_model
from res3d.workflows.start import load_start

CLIP = ClipSpec(32, height=60, width=80, resize=(60, 80), sampling="segments")
SIGHT = {"channels": ["difference", "background"]}


@pytest.mark.parametrize("name", SHIPPED)
def test_what_comes_with_the_package_is_found_by_name(name):
    network, tag = name.split("/")
    assert find(name) == find(tag, network) == (SHIPPED[name], None)
    assert SHIPPED[name].stat().st_size < 3_000_000


@pytest.mark.slow
def test_figures_know_motions_of_figures_they_have_not_seen():
    model = load_model(SHIPPED["plain3d_5/figures"])
    labels = np.arange(len(MOTIONS))
    clips = np.stack([figure_clip(int(label), (99, int(label))) for label in labels])
    found = model.predict(clips, verbose=0)
    assert found.shape == (len(MOTIONS), len(CLASSES))
    assert np.mean(found.argmax(axis=1) == labels) > 0.3  # guessing knows one of 261
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


@pytest.mark.slow
def test_a_network_for_other_classes_starts_from_figures():
    model = res3d.build("plain3d_5", 4, CLIP, motion=SIGHT, weights="figures")
    other = res3d.networks.build("plain3d_5", 4, CLIP, motion=SIGHT)
    load_start(other, "figures")
    inside = [weight.path for weight in model.weights if "logits" not in weight.path]
    same = [np.array_equal(one, two) for path, one, two in zip(
        (weight.path for weight in model.weights), model.get_weights(), other.get_weights()) if path in inside]
    assert len(same) > 20
    assert all(same)
