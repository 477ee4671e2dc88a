"""Packed bodies: several members, cut ones, filled ones, too large ones, and many small ones."""

import gzip
import time
import zlib

import pytest

from serving.server.rest.unpacking import is_gzip, unpacked

ONE, TWO = (gzip.compress(text, mtime=0) for text in (b"one ", b"two"))
LARGE = bytes(range(256)) * 20_000


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "Gzip", "x-gzip", "X-GZip", "identity, GZIP"])
def test_gzip_in_all_spellings(coding):
    assert is_gzip(coding)


@pytest.mark.parametrize("coding", ["", "identity", "br", "deflate", "zstd"])
def test_other_codings(coding):
    assert not is_gzip(coding)


@pytest.mark.parametrize(("body", "content"), [
    (ONE, b"one "), (ONE + TWO, b"one two"), (ONE + TWO + ONE, b"one twoone "), (gzip.compress(b"") + TWO, b"two"),
    (ONE + gzip.compress(b""), b"one "), (ONE + bytes(512), b"one "), (ONE + bytes(5) + TWO, b"one two"),
    (ONE + b"what is no member", b"one "), (gzip.compress(LARGE) + TWO, LARGE + b"two"),
    (gzip.compress(LARGE, 0) + gzip.compress(LARGE), LARGE * 2)],
    ids=["one", "two", "three", "empty first", "empty last", "zeros", "zeros between", "other", "large", "stored"])
def test_members_follow_one_another(body, content):
    assert unpacked(body, 20_000_000) == content


@pytest.mark.parametrize("body", [
    b"", b"not gzip", ONE[:-1], ONE + TWO[:-1], ONE + TWO[:5], ONE + b"\x1f\x8b", ONE[:-8] + b"\0" * 8,
    zlib.compress(b"no gzip"), ONE + b"\x1f\x8bdamaged"],
    ids=["nothing", "text", "cut", "second cut", "second begun", "second announced", "sum", "zlib", "damaged second"])
def test_damaged_ones_are_empty(body):
    assert unpacked(body, 1000) == b""


@pytest.mark.parametrize(("most", "content"), [(7, b"one two"), (6, b""), (4, b""), (0, b"")])
def test_the_limit_counts_all_members(most, content):
    assert unpacked(ONE + TWO, most) == content


def test_many_members():
    assert unpacked(gzip.compress(b"a") * 9000, 10_000) == b"a" * 9000
    start = time.monotonic()
    assert unpacked(gzip.compress(b"") * 1_000_000, 100) == b""
    assert time.monotonic() - start < 2, "time grows with the bytes, not with their square"
