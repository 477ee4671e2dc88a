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


@pytest.mark.parametrize("columns", [80, 300])
@pytest.mark.parametrize("name", console.COMMANDS)
def test_help_is_as_wide_as_the_terminal(name, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    module, parser = console.make_parser(name)
    lines = [line for line in parser.format_help().splitlines() if line.strip() != module.EXAMPLE]
    said = max((line for line in lines if " " in line.strip()), key=len)
    assert len(said) < min(columns, 120), said


def test_usage_is_one_line_that_names_what_a_command_needs():
    usage = {name: console.make_parser(name)[1].format_usage() for name in console.COMMANDS}
    assert usage["train"] == "usage: res3d train --data=DATA --workdir=WORKDIR [flags]\n"
    assert usage["predict"] == "usage: res3d predict VIDEO ... [flags]\n"
    assert usage["serve"] == "usage: res3d serve [DIR/NAME] [flags]\n"
    assert usage["completion"] == "usage: res3d completion bash|zsh|fish [flags]\n"
    assert usage["models"] == "usage: res3d models [names ...] [flags]\n"


def test_the_flags_of_the_server_come_before_those_that_do_nothing(monkeypatch):
    text = console.make_parser("serve")[1].format_help()
    places = [text.index(flag) for flag in ("DIR/NAME  ", "--page ", "--enable_batching ", "--use_tfrt ")]
    assert places == sorted(places)
    assert "(default: 8500)" in text
    assert text.count("(default: 4 a core)") == 2  # no number of this machine's


def test_a_switch_of_the_server_does_not_take_the_folder_in_silence(capsys):
    with pytest.raises(SystemExit, match="2"):
        console.main(["serve", "--page", "exports/actions"])
    assert capsys.readouterr().err.endswith("argument --page: --page must be true or false. Received: "
                                            "'exports/actions'. DIR/NAME comes before the flags.\n")


def test_the_server_tells_its_versions_without_a_model(capsys):
    assert console.main(["serve", "--version"]) == 0
    assert "TensorFlow" in capsys.readouterr().out


def test_help_of_a_command_can_be_asked_for_first(capsys):
    with pytest.raises(SystemExit, match="0"):
        console.main(["help", "models"])
    assert "usage: res3d models" in capsys.readouterr().out
    assert console.main(["help", "modles"]) == 2


def test_commands_start_light():
    code = ("import sys; from res3d.commands import main; [main.make_parser(name) for name in main.COMMANDS]; "
            "print([name for name in ('tensorflow', 'keras') if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.strip() == "[]", result.stderr


def test_asking_a_server_takes_no_network_library(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"nothing")
    code = (f"import sys; from res3d.commands import main; main.main(['predict', {str(tmp_path / 'a.avi')!r}, "
            "'--server=http://127.0.0.1:9/m']); "
            "print([name for name in ('tensorflow', 'keras') if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.stdout.strip().splitlines()[-1] == "[]", result.stderr


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


def test_verbosity_shows_the_traceback(capsys):
    result = res3d("deploy", "exports", "--output=gs://bucket/files", "--verbosity=1")  # without TensorFlow
    assert result.returncode != 0
    assert "Traceback" in result.stderr
    assert "`--output` must be in a folder of this machine" in result.stderr
    assert console.main(["train", "--data=/nowhere", "--workdir=/nowhere/work"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.strip().splitlines()[-1].startswith("res3d train: error: ")


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
