"""Flags that name places of this machine: no address becomes a folder called `s3:`."""

import argparse
import re

import pytest

from res3d.commands import main, places

AT_ADDRESSES_TOO = {  # read, or prepared, wherever they are
    "data", "out", "videos", "labels", "server", "header"}
NO_PLACES = {  # file or folder is said of something else
    "group", "axes", "batch", "rate", "address", "strict", "runtime", "quantize", "format", "window", "source", "push",
    "model_name", "enable_per_model_batching_parameters", "model_config_file_poll_wait_seconds",
    "flush_filesystem_caches"}


def flags_of(command):
    _, parser = main.make_parser(command)
    return [action for action in parser.arguments if action.help is not argparse.SUPPRESS]


@pytest.mark.parametrize("command", [name for name in main.COMMANDS if name != "completion"])
def test_every_flag_that_speaks_of_files_says_where_they_are(command):
    local = {*places.LOCAL.get(command, ()), *places.FETCHED.get(command, ())}
    known = {action.dest for action in flags_of(command)}
    assert local <= known
    for action in flags_of(command):
        text = f"{action.metavar or ''} {action.help or ''}"
        if action.nargs != 0 and re.search(r"(?i)\b(files?|folders?|dir|workdir|path)\b", text):
            assert action.dest in local | AT_ADDRESSES_TOO | NO_PLACES, (command, action.dest, text)


def every(*tables):
    return pytest.mark.parametrize(("command", "name"), [
        (command, name) for table in tables for command, names in table.items() for name in names])


def given(command, name, value):
    """The arguments of a command of which one is given."""
    names = (*places.LOCAL.get(command, ()), *places.FETCHED.get(command, ()))
    return argparse.Namespace(**dict.fromkeys(names) | {name: [value] if name == "compare" else value})


@every(places.LOCAL, places.FETCHED)
def test_an_address_is_refused_by_its_flag(command, name):
    with pytest.raises(ValueError, match=f"^`--{name}` must be in a folder of this machine. Received: '.*bucket/x'"
                       ) as refused:
        places.settle(command, given(command, name, "S3://user:hunter2@bucket/x"))
    assert "hunter2" not in str(refused.value)
    args = given(command, name, "file:///a%20b/c")
    places.settle(command, args)
    assert getattr(args, name) in ("/a b/c", ["/a b/c"])


@every(places.FETCHED)
def test_models_are_fetched_from_the_hub_and_the_web(command, name):
    for address in ("hf://me/waving@v1", "https://host/a%20b.pth?download=1"):
        args = given(command, name, address)
        places.settle(command, args)
        assert getattr(args, name) == address


def test_a_command_leaves_no_folder_behind(console, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = console("deploy", "exports", "--output=gs://bucket/deploy")
    assert code == 1
    assert "`--output` must be in a folder of this machine. Received: 'gs://bucket/deploy', an address." in err
    assert list(tmp_path.iterdir()) == []
