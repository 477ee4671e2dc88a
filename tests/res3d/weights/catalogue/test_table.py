"""Every row of the table names a network, a clip and labels that go together, and is found by its name."""

import collections
import urllib.parse

import pytest

from res3d.networks.variants.table import VARIANTS
from res3d.weights.catalogue.labels import LISTS, TEXTS, fingerprint, names_of, published_names
from res3d.weights.catalogue.table import find_weights, list_weights, published, row_at
from res3d.weights.store.digests import kind_of
from res3d.weights.store.places import place


def test_rows_are_whole():
    for row in published():
        assert row.network in VARIANTS, row.name
        assert urllib.parse.urlsplit(row.address).scheme == "https", row.name
        assert row.address == row.address.strip()
        assert row.licence in ("Apache-2.0", "BSD-3-Clause", "MIT", "CC-BY-NC-4.0"), row.name
        assert row.metric in ("top-1", "mAP") if row.top1 is not None else row.metric == "", row.name
        assert bool(row.protocol) == (row.top1 is not None), row.name
        assert row.labels is None or len(row.labels) == row.classes, row.name
        assert not row.label_list or LISTS[row.label_list].count == row.classes, row.name
        if row.digest:
            assert kind_of(row.digest)


def test_names_and_addresses_are_unique():
    for key in ("name", "address"):
        counts = collections.Counter(getattr(row, key) for row in published())
        assert [value for value, count in counts.items() if count > 1] == []
    folders = {place(row.address).folder for row in published()}
    assert len(folders) == len(published())


def test_digests_in_names_are_the_rows_digests():
    for row in published():
        stem = place(row.address).file.stem
        if row.source in ("torchvision", "ig65m", "mmaction2", "mmaction2_0x"):
            assert row.digest.startswith(stem[-8:]), row.name


@pytest.mark.parametrize("name", LISTS)
def test_label_lists_are_the_published_ones(name):
    assert len(set(names_of(name))) == LISTS[name].count
    assert fingerprint(published_names(name)) == LISTS[name].fingerprint


def test_every_text_is_a_list_and_nothing_else_is():
    assert {path.stem for path in TEXTS.iterdir()} == set(LISTS)
    assert names_of("sports1m") is None
    assert names_of("../labels/ssv2") is None


def test_a_name_that_two_classes_have_tells_them_apart():
    names = names_of("gym99")
    assert [i for i, name in enumerate(names) if name.startswith("(BB) salto backward tucked")] == [57, 58, 70]
    assert names[70] == f"{names[58]} (class 70)"
    assert [name for name, told in zip(published_names("gym99"), names) if name != told] == [names[58]]


@pytest.mark.parametrize(("name", "network", "found"), [
    ("kinetics400", "slow_r50", "slow_r50/pytorchvideo/kinetics400"),
    ("pyslowfast/kinetics400", "slow_r50", "slow_r50/pyslowfast/kinetics400"),
    ("pyslowfast", "slow_r50", "slow_r50/pyslowfast/kinetics400"),
    ("Torchvision/Kinetics400", "r3d_18", "r3d_18/torchvision/kinetics400"),
    ("slow_r50", None, "slow_r50/pytorchvideo/kinetics400"),
    ("slow_r50/kinetics400", None, "slow_r50/pytorchvideo/kinetics400"),
    ("slow_r50/pyslowfast/kinetics400", None, "slow_r50/pyslowfast/kinetics400"),
    ("resnet_50", None, "resnet_50/torchvision/imagenet1k_v2"),
    ("imagenet1k", "resnet_50", "resnet_50/torchvision/imagenet1k_v2"),
    ("IMAGENET1K_V1", "resnet_50", "resnet_50/torchvision/imagenet1k_v1"),
    ("ig65m_kinetics400", "vmz_ir_csn_152", "vmz_ir_csn_152/mmaction2/ig65m_kinetics400"),
    ("kinetics400", "vmz_ir_csn_152", "vmz_ir_csn_152/mmaction2/kinetics400"),
])
def test_names_mean_rows(name, network, found):
    assert find_weights(name, network).name == found


def test_every_row_is_found_by_its_whole_name_and_address():
    for row in published():
        assert find_weights(row.name) is row
        assert row_at(row.address) is row


def test_unknown_names():
    with pytest.raises(ValueError, match=r"weights of r3d_18 are torchvision/kinetics400\. Received: 'imagenet1k'"):
        find_weights("imagenet1k", "r3d_18")
    with pytest.raises(ValueError, match=r"Received: 'slow_r5'\. Did you mean slow_r50"):
        find_weights("slow_r5")
    with pytest.raises(ValueError, match="Received: 'a/b/c/d'"):
        find_weights("a/b/c/d")
    with pytest.raises(ValueError, match="weights of resnext_101_32x8d are"):
        find_weights("ig1b_imagenet1k-wsl", "resnext_101_32x8d")  # not for commercial use: named with its source only
    assert find_weights("timm/ig1b_imagenet1k-wsl", "resnext_101_32x8d").needs_consent
    assert list_weights("r3d_50") == []
