"""`--json` wherever a table is printed, and a table that is no wider than the terminal."""

import importlib
import json

import pytest

from pipelines import synthetic
from res3d.commands import main as console
from res3d.terminal import tables

NO_TABLE = {  # command: what it prints
    "completion": "a script", "serve": "lines until it is stopped", "data-dispatcher": "its address",
    "data-worker": "its address", "pretrain": "one line"}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("json") / "videos"
    synthetic.write(folder, train_per_class=1, val_per_class=1, frames=(8, 10))
    (folder / "spans.csv").write_text("video,start,end,label\nval/up/none.avi,0,1,jump\n", encoding="utf-8")
    return folder


ASKED = {  # command: (arguments, what the JSON has)
    "models": (["r3d_10"], lambda told: told[0]["name"] == "r3d_10"),
    "weights": (["r3d_18"], lambda told: {"name", "licence", "cached"} <= set(told[0])),
    "evaluate": (["--protocol=list"], lambda told: "centre" in {row["name"] for row in told}),
    "doctor": (["VIDEOS/val", "--clip=4x1x32", "--noleaks", "--workers=1"], lambda told: told["usable"] == 8),
    "labels": (["VIDEOS/spans.csv"], lambda told: told["labels"] == {"jump": 1} and told["spans"] == 1),
    "prepare": (["VIDEOS", "VIDEOS-records", "--split=val", "--clip=4x1x32", "--workers=1"],
                lambda told: told["splits"]["val"]["clips"] == 8 and told["failures"] == 0),
}


@pytest.mark.parametrize("name", console.COMMANDS)
def test_a_command_has_the_flag_or_prints_no_table(name):
    flags = {flag for action in console.make_parser(name)[1].arguments for flag in action.option_strings}
    assert ("--json" in flags) == (name not in NO_TABLE)


@pytest.mark.parametrize("name", ASKED)
def test_stdout_is_one_json_value(name, videos, capsys):
    arguments, holds = ASKED[name]
    assert console.main([name, *(word.replace("VIDEOS", str(videos)) for word in arguments), "--json"]) == 0
    assert holds(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(("name", "arguments", "columns"), [
    ("models", [], 100), ("weights", [], 120), ("evaluate", ["--protocol=list"], 70)])
def test_a_table_fits_the_terminal(name, arguments, columns, capsys, monkeypatch):
    module = importlib.import_module(console.COMMANDS[name][0])
    console.main([name, *arguments])
    whole = capsys.readouterr().out.splitlines()
    monkeypatch.setattr(module, "width_of_terminal", lambda: columns)
    console.main([name, *arguments])
    fitted = capsys.readouterr().out.splitlines()
    assert len(fitted) == len(whole)
    assert max(map(len, fitted)) <= columns < max(map(len, whole))
    assert [line.split()[0] for line in fitted] == [line.split()[0] for line in whole], "names are kept"


def test_in_a_pipe_a_table_is_whole():
    assert tables.width_of_terminal() is None, "pytest reads stdout"
