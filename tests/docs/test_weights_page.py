"""Every published checkpoint that is known is either read, or listed with the reason why it is not."""

import collections
import csv
import urllib.parse

import pytest

from docs import weights_page
from res3d.networks.variants.table import VARIANTS
from res3d.weights.catalogue.table import published
from tests.conftest import SHARED

KNOWN = SHARED / "reference" / "weights.csv"


def test_reasons_are_given():
    for row in weights_page.unread():
        assert len(row["reason"]) > 20, row
        assert row["network"] in VARIANTS, row
        assert urllib.parse.urlsplit(row["address"]).scheme in ("https", "kaggle", ""), row
    assert {row.address for row in published()}.isdisjoint(row["address"] for row in weights_page.unread())


def test_every_known_checkpoint_is_read_or_listed():
    if not KNOWN.is_file():
        pytest.skip(f"needs {KNOWN}")
    with open(KNOWN, encoding="utf-8", newline="") as file:
        known = collections.Counter(row["url"] for row in csv.DictReader(file))
    read = collections.Counter(row.address for row in published())
    listed = collections.Counter(row["address"] for row in weights_page.unread())
    print(f"{read.total()} of {known.total()} published checkpoints are read, {listed.total()} are listed as not read")
    assert read + listed == known
