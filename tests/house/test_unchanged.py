"""The clips, records and answers of the first version, which later versions must give.

`pins.json` holds what revision 8a1791b made of a few videos that a formula draws, and `pins/` what it wrote: networks,
a work folder in the middle of its second epoch, records, served models. `pin.py` says how both came about.

A row that needs another package's arithmetic (scaling, JPEG, floats) is compared only under the version of that package
which it was pinned with. Where a change is meant, `python -m tests.house.pin ROW ...` pins those rows anew.
"""

import functools
import json
import zipfile

import pytest

from res3d.commands.main import main
from tests.house.rows import COSTLY, NETWORKS, NUMBERS, ROWS, SHARED_ROWS, TELLING
from tests.house.stage import KEPT, PINS, VERSIONS, Stage


def marked(names):
    """The names of rows, the slow ones marked."""
    return [name if name.partition(": ")[0] not in COSTLY or name in TELLING
            else pytest.param(name, marks=pytest.mark.slow) for name in names]


@functools.cache
def pinned():
    return json.loads(PINS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("stage"))
    with stage.closing:
        yield stage


def skip_elsewhere(needs):
    """Skips a row that was pinned with another version of a package which decides it."""
    for package in needs:
        if VERSIONS[package] != pinned()["versions"][package]:
            pytest.skip(f"pinned with {package} {pinned()['versions'][package]}")


@pytest.mark.slow
@pytest.mark.parametrize("name", marked(ROWS))
def test_as_the_first_version(stage, name):
    needs, function, arguments = ROWS[name]
    skip_elsewhere(needs)
    assert function(stage, **arguments) == pinned()["rows"][name]


@pytest.mark.clips
@pytest.mark.parametrize("name", marked(SHARED_ROWS))
def test_real_files_as_the_first_version(stage, clips, annotations, name):
    needs, function, arguments = SHARED_ROWS[name]
    skip_elsewhere(needs)
    assert function(stage, shared=clips.parent, **arguments) == pinned()["rows"][name]


@pytest.mark.slow
@pytest.mark.parametrize("name", marked(NUMBERS))
def test_numbers_of_the_first_version(stage, name):
    function, arguments = NUMBERS[name]
    # Sums of floats depend on the processor; a wrong weight, clip or order moves more than this.
    assert function(stage, **arguments) == pytest.approx(pinned()["numbers"][name], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(("one", "other"), [
    ("training: plain", "training: two workers"), ("training, sizes: random crop", "training, sizes: two workers"),
    ("training, records: plain", "training, records: two workers")])
def test_workers_were_never_seen_in_the_clips(one, other):
    assert pinned()["rows"][one] == pinned()["rows"][other]


def test_every_row_is_pinned():
    assert sorted(pinned()["rows"]) == sorted([*ROWS, *SHARED_ROWS])
    assert sorted(pinned()["numbers"]) == sorted(NUMBERS)


def test_rows_chosen_for_being_telling_exist():
    names = [*ROWS, *SHARED_ROWS, *NUMBERS]
    assert set(names) >= TELLING
    assert {name.partition(": ")[0] for name in names} >= COSTLY


def test_kept_records_are_whole(capsys):
    assert main(["prepare", "--verify", str(KEPT / "records"), "--workers=1"]) == 0
    assert "no problems" in capsys.readouterr().out


def test_kept_networks_hold_their_clip():
    for name in NETWORKS:
        with zipfile.ZipFile(KEPT / f"networks/{name}.keras") as archive:
            assert "res3d>PixelScaling" in archive.read("config.json").decode(), name
