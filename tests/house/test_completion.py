"""Shell completion: each shell's script offers the table's commands, their flags and the values of flags."""

import argparse
import re
import shlex
import shutil
import subprocess

import pytest

from res3d.commands import completion, main


def complete(*words):
    """What bash offers for the last of `words`, split as bash splits them."""
    line = " ".join(shlex.quote(word) for word in words)
    code = (f"{completion.script('bash')}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _res3d; "
            'printf "%s\\n" "${COMPREPLY[@]}"')
    result = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stderr == ""
    return result.stdout.split()


def flags_of(name):
    """The long flags of a command, as its own help lists them."""
    found = re.findall(r"^  (?:-\w, )?(--\w+)", main.make_parser(name)[1].format_help(), re.MULTILINE)
    return ["--verbosity", *(flag for flag in found if flag != "--helpfull")]  # absl's own, one of which matters


def test_bash_completes_commands():
    assert set(complete("res3d", "")) == set(main.COMMANDS)
    assert set(complete("res3d", "pre")) == {name for name in main.COMMANDS if name.startswith("pre")}


def test_bash_completes_flags():
    assert complete("res3d", "train", "--work") == ["--workdir"]
    assert "--verbosity" in complete("res3d", "doctor", "--")


@pytest.mark.parametrize("between", [(), ("=",)])
def test_bash_completes_values_after_a_space_and_after_an_equals_sign(between):
    assert complete("res3d", "evaluate", "--protocol", *between, "slow") == ["slowfast_10x3"]
    assert complete("res3d", "export", "--dtype", *between, "bf") == ["bfloat16"]
    assert complete("res3d", "train", "--data", "=", "videos", "--recipe", *between, "small") == ["small_data"]


def test_bash_completes_every_value_right_after_the_equals_sign():
    assert "demo" in complete("res3d", "train", "--recipe", "=")


def test_bash_completes_a_first_argument_that_is_one_of_a_few():
    assert complete("res3d", "bench", "") == ["pipeline", "choose"]


def test_bash_completes_files_where_there_is_no_list(tmp_path, monkeypatch):
    (tmp_path / "videos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert complete("res3d", "predict", "vid") == ["videos"]
    assert complete("res3d", "train", "--data", "=", "vid") == ["videos"]
    assert complete("res3d", "train", "--seed", "vid") == []
    assert complete("res3d", "no-such-command", "--fl") == []
    assert "-o default" in completion.script("bash")


@pytest.mark.parametrize("shell", completion.SHELLS)
@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_shell_is_told_every_command_and_flag(shell, name):
    script = completion.script(shell)
    assert name in script
    for flag in flags_of(name):
        told = flag if shell != "fish" else rf"using {name}' (-s h )?-l {flag[2:]} "
        assert re.search(told, script), flag


def test_zsh_offers_a_flag_again_where_it_repeats_and_values_after_its_equals_sign():
    script = completion.script("zsh")
    for flag in ('"*--set=[', '"*--compare=[', '"*--label=[', '"*--header=[', '"--data=[', '"--overwrite['):
        assert flag in script
    repeated = [action for name in main.COMMANDS for action in main.make_parser(name)[1].arguments
                if isinstance(action, argparse._AppendAction)]
    assert script.count('"*--') == len(repeated) >= 6


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish here")
def test_fish_goes_by_the_first_word_as_a_folder_may_have_a_commands_name():
    said = subprocess.run(["fish", "--no-config", "-c", f"{completion.script('fish')}\n"
                           "complete -C 'res3d predict train --'\necho\ncomplete -C 'res3d tr'"],
                          capture_output=True, text=True, check=True, timeout=60)
    assert "--sliding" in said.stdout
    assert "--recipe" not in said.stdout
    assert "train\t" in said.stdout.rpartition("\n\n")[2]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_shell_itself_can_read_the_script(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    subprocess.run([shell, "-n"], input=completion.script(shell), text=True, check=True, timeout=60)


def test_a_command_that_cannot_be_imported_is_completed_by_name(monkeypatch):
    monkeypatch.setitem(main.COMMANDS, "absent", ("res3d.commands.absent_module", "not here"))
    assert complete("res3d", "abs") == ["absent"]


def test_another_shell_is_refused():
    with pytest.raises(ValueError, match=r"`shell` must be one of bash, zsh, fish. Received: shell='tcsh'\."):
        completion.script("tcsh")


def test_the_command_prints_the_script(capsys):
    assert main.main(["completion", "fish"]) == 0
    assert capsys.readouterr().out == completion.script("fish")
