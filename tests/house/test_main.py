"""The console script: its table, its help and how it fails."""

import importlib
import subprocess
import sys

import pytest

from res3d.commands import main as console


def res3d(*argv):
    return subprocess.run([sys.executable, "-m", "res3d.commands.main", *argv], capture_output=True, text=True,
                          timeout=120, check=False)


def test_alone_it_says_what_it_can_do(capsys):
    assert console.main([]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in console.COMMANDS)


def test_an_unknown_command_offers_the_nearest(capsys):
    assert console.main(["trian"]) == 2
    assert "a command is one of train" in capsys.readouterr().err


@pytest.mark.parametrize("name", console.COMMANDS)
def test_every_command_explains_itself_with_an_example(name):
    module, parser = console.make_parser(name)
    text = parser.format_help()
    assert module.EXAMPLE in text
    assert module.EXAMPLE.startswith(f"res3d {name}")
    assert callable(module.run)


def test_commands_start_light():
    code = ("import sys; from res3d.commands import main; [main.make_parser(name) for name in main.COMMANDS]; "
            "print([name for name in ('tensorflow', 'keras') if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.strip() == "[]", result.stderr


class Failing:
    EXAMPLE = "res3d models"

    @staticmethod
    def add_flags(parser):
        pass

    @staticmethod
    def run(args):
        raise ValueError("wanted a horse,\n  got a cow; bring a horse")


def test_a_users_error_is_one_line_without_a_traceback(monkeypatch, capsys):
    monkeypatch.setattr(importlib, "import_module", lambda name: Failing)
    assert console.main(["models"]) == 1
    said = capsys.readouterr().err
    assert said == "res3d models: error: wanted a horse, got a cow; bring a horse\n"


def test_verbosity_shows_the_traceback():
    result = res3d("train", "--data=/nowhere", "--workdir=/nowhere/work", "--verbosity=1")
    assert result.returncode != 0
    assert "Traceback" in result.stderr
    quiet = res3d("train", "--data=/nowhere", "--workdir=/nowhere/work")
    assert quiet.returncode == 1
    assert "Traceback" not in quiet.stderr
    assert quiet.stderr.strip().splitlines()[-1].startswith("res3d train: error: ")


@pytest.mark.parametrize("argv", [["models"], []])
def test_a_reader_that_leaves_early_ends_it_without_a_word(argv):
    process = subprocess.Popen([sys.executable, "-m", "res3d.commands.main", *argv], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.close()
    with process.stderr:
        said = process.stderr.read().decode()
    assert (process.wait(60), said) == (141, "")


def test_an_interrupt_before_the_command_begins_has_no_traceback(monkeypatch, capsys):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "make_parser", interrupted)
    assert console.main(["models"]) == 130
    assert capsys.readouterr().err == "res3d: interrupted\n"
