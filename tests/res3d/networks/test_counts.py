"""The reference table: parameters, moving statistics and multiplications, exactly, at every class count listed.

Networks are built without values: inside a stateless scope Keras only notes what it would initialise.
"""

import functools

import keras
import pytest

import res3d
from res3d.networks.macs import count_macs, count_parameters
from res3d.networks.variants.table import VARIANTS
from tests.res3d.catalogue import MODELS

DEEP = 98  # layers from which a row takes seconds
SHALLOW = 8  # blocks


@functools.cache
def counts(name, classes, clip=None):
    """(trainable, moving, multiplications) of a network that is never given values."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            model = res3d.build(name, classes, clip)
            return *count_parameters(model), count_macs(model)
    finally:
        keras.utils.clear_session(free_memory=False)  # forgets the variables that were only noted


def blocks(name):
    network = VARIANTS[name].network
    return sum(getattr(network, "slow", network).depths)


def is_deep(name):
    return blocks(name) * 3 > DEEP


def marked(names):
    """One row of each kind, if it is shallow, is quick; the others are slow."""
    return [name if name in MODELS and blocks(name) <= SHALLOW else pytest.param(name, marks=pytest.mark.slow)
            for name in names]


@pytest.mark.parametrize("name", marked(VARIANTS))
def test_every_row_states_its_own_counts(name):
    row = VARIANTS[name]
    trainable, _, macs = counts(name, row.classes)
    assert trainable == row.params
    assert macs / 1e9 == pytest.approx(row.gmacs, abs=5.1e-4)  # rows give three digits


CLASS_COUNTS = {  # (name, classes): trainable parameters; rows of the table itself are tested above
    ("r3d_18", 101): 33_218_085, ("r3d_18", 51): 33_192_435, ("r3d_18", 700): 33_525_372,
    ("mc3_18", 101): 11_542_053, ("mc3_18", 51): 11_516_403, ("mc3_18", 700): 11_849_340,
    ("r2plus1d_18", 101): 31_351_938, ("r2plus1d_18", 51): 31_326_288, ("r2plus1d_18", 700): 31_659_225,
    ("kenshohara_r3d_18", 700): 33_563_004, ("kenshohara_r3d_34", 700): 63_872_636,
    ("kenshohara_r3d_50", 700): 47_633_276, ("kenshohara_r3d_101", 700): 86_679_420,
    ("kenshohara_r3d_152", 700): 118_838_140, ("kenshohara_r3d_200", 700): 128_037_756,
    ("kenshohara_r3d_18", 1039): 33_736_911, ("kenshohara_r3d_50", 1039): 48_327_887,
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "classes"), CLASS_COUNTS)
def test_other_class_counts(name, classes):
    row = VARIANTS[name]
    # A deep row is counted above; another count of classes changes its classifier alone, 2048 features and a bias each.
    found = row.params + (classes - row.classes) * 2049 if is_deep(name) else counts(name, classes)[0]
    assert found == CLASS_COUNTS[name, classes]


MOVING = {  # batch norm's moving means and variances
    "r3d_18": 9_600, "mc3_18": 9_600, "r2plus1d_18": 25_350, "r3d_34": 17_024, "vmz_r2plus1d_18": 26_160,
    "vmz_r2plus1d_34": 50_288, "kenshohara_r3d_10": 5_760, "kenshohara_r3d_18": 9_600, "kenshohara_r3d_34": 17_024,
    "kenshohara_r3d_50": 53_120, "kenshohara_r3d_101": 105_344, "kenshohara_r3d_152": 151_424,
    "kenshohara_r3d_200": 176_000, "kenshohara_r3d_18_a": 7_808, "kenshohara_r3d_34_a": 15_232,
    "kenshohara_r2plus1d_18": 26_290, "kenshohara_r2plus1d_34": 50_418, "kenshohara_r2plus1d_50": 70_332,
    "kenshohara_wide_r3d_50": 68_224, "kenshohara_wide_r3d_50_stem128": 68_352, "c2d_r50": 53_120, "i3d_r50": 53_120,
    "slow_r50": 53_120, "slow_r101": 105_344, "slow_r152": 151_424, "i3d_r101": 105_344, "r2plus1d_r50": 60_672,
    "slowfast_r50_4x16": 60_688, "slowfast_r50_8x8": 60_688, "slowfast_r101_8x8": 119_440,
    "slowfast_r101_50_50_8x8": 119_440, "x3d_s": 31_416, "x3d_l": 66_264, "resnet_18": 9_600, "resnet_200": 176_000,
    "mc2_18": 9_600, "mc4_18": 9_600, "mc5_18": 9_600, "rmc2_18": 9_600, "rmc3_18": 9_600, "rmc4_18": 9_600,
    "rmc5_18": 9_600, "fr2d_18": 9_600, "plain3d_5": 672, "plain3d_9": 1_312,
}


@pytest.mark.parametrize("name", marked(MOVING))
def test_moving_statistics(name):
    assert counts(name, VARIANTS[name].classes)[1] == MOVING[name]


LARGE = {  # GMACs at the published test crop
    "ir_csn_50": (256, 55.260), "ir_csn_101": (256, 73.754), "ir_csn_152": (256, 96.713), "r2plus1d_r50": (256, 75.146),
    "slowfast_r50_4x16": (256, 36.099), "slowfast_r50_8x8": (256, 65.709), "slowfast_r101_8x8": (256, 125.906),
    "slowfast_r101_50_50_8x8": (256, 106.511), "slowfast_r101_50_50_16x8": (256, 213.021),
}


@pytest.mark.parametrize("name", marked(LARGE))
def test_multiplications_at_the_test_crop(name):
    side, gmacs = LARGE[name]
    row = VARIANTS[name]
    macs = counts(name, row.classes, row.native_clip.replace(height=side, width=side))[2]
    if name == "r2plus1d_r50":  # the reference counts its classifier once; it runs at four places
        macs -= 3 * 2048 * 400
    assert macs / 1e9 == pytest.approx(gmacs, abs=5.1e-4)


KERAS_HUB = {  # its backbones, moving statistics included, without a classifier
    "resnet_18": 11_186_112, "resnet_50": 23_561_152, "resnet_101": 42_605_504, "resnet_152": 58_295_232,
}


@pytest.mark.parametrize("name", marked(KERAS_HUB))
def test_totals_without_a_head(name):
    trainable, moving, _ = counts(name, None)
    assert trainable + moving == KERAS_HUB[name]


def test_counting_needs_sizes():
    model = res3d.build("r3d_10", 3, input_shape=(None, None, None, 3), width=0.125)
    with pytest.raises(ValueError, match=r"Counting needs every size.*stem/conv.*Build the model with a clip"):
        count_macs(model)


@pytest.mark.slow
def test_a_picture_network_on_a_clip_costs_its_frames():
    one = res3d.build("resnet_18", 10, res3d.ClipSpec(1, 1, None, 32, 32), width=0.125)
    four = res3d.build("resnet_18", 10, res3d.ClipSpec(4, 1, None, 32, 32), width=0.125)
    head = 64 * 10
    assert count_macs(four) - head == 4 * (count_macs(one) - head)
