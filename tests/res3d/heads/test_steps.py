"""Networks that keep time, and scores of every step."""

import numpy as np
import pytest

import res3d
from res3d.heads import DilatedSteps, step_classifier
from res3d.networks.architecture import SlowFast
from res3d.networks.variants.table import VARIANTS
from tests.telling import first_of

CLIP = res3d.ClipSpec(8, 1, 10.0, 32, 32)


def test_no_row_of_one_pathway_strides_in_time_any_more():
    for name, row in VARIANTS.items():
        if not isinstance(row.network, SlowFast) and row.network.rank == 3:
            kept = row.network.keeping_time()
            assert {strides[0] for strides in kept.all_strides()} == {1}, name
            before = [strides[1:] for strides in row.network.all_strides()]
            assert [strides[1:] for strides in kept.all_strides()] == before, name


@pytest.mark.parametrize(("name", "options"), first_of([
    ("r3d_10", {}), ("r2plus1d_18", {"depths": 1}), ("mmaction_i3d_r50", {"depths": 1}), ("plain3d_5", {}),
    ("x3d_xs", {"depths": 1}), ("tsm_r50", {"depths": 1}), ("resnet_10", {})],
    [("r3d_10", {}), ("tsm_r50", {"depths": 1})]))
def test_every_frame_has_a_score_of_its_own(name, options):
    backbone = res3d.build(name, clip=CLIP, width=0.125, keep_time=True, features=True, **options)
    model = step_classifier(backbone, 3, filters=8)
    assert model.output_shape == (None, 8, 3)
    assert model.output.dtype == "float32"
    plain = res3d.build(name, clip=CLIP, width=0.125, features=True, **options)
    assert [weight.shape for weight in plain.weights] == [weight.shape for weight in backbone.weights]


def test_a_network_of_two_pathways_is_refused_and_one_that_strides_too():
    with pytest.raises(ValueError, match="slow pathway"):
        res3d.build("slowfast_r50_4x16", clip=CLIP, keep_time=True)
    strided = res3d.build("r3d_10", clip=CLIP, width=0.125, features=True)
    with pytest.raises(ValueError, match="keep_time=True"):
        step_classifier(strided, 3)
    with pytest.raises(ValueError, match="features=True"):
        step_classifier(res3d.build("r3d_10", 3, CLIP, width=0.125), 3)


def test_a_block_sees_as_far_as_its_dilation():
    layer = DilatedSteps(64, (1, 2))
    x = np.random.default_rng(0).normal(size=(1, 16, 3)).astype("float32")
    before = np.asarray(layer(x))
    x[0, 8, 0] += 1  # the same in all channels a norm takes away
    changed = np.flatnonzero(np.abs(np.asarray(layer(x)) - before).max(axis=(0, 2)) > 1e-6)
    assert changed.min() == 8 - 3
    assert changed.max() == 8 + 3
