"""Shell completion: each shell's script offers the table's commands, their flags and the values of flags."""

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


def test_bash_completes_every_value_right_after_the_equals_sign():
    assert "demo" in complete("res3d", "train", "--recipe", "=")


def test_bash_completes_a_first_argument_that_is_one_of_a_few():
    assert complete("res3d", "bench", "") == ["pipeline"]


def test_bash_leaves_files_to_bash():
    assert complete("res3d", "predict", "") == []
    assert complete("res3d", "no-such-command", "--fl") == []
    assert "-o default" in completion.script("bash")


@pytest.mark.parametrize("shell", list(completion.SHELLS))
def test_every_shell_is_told_every_command_and_flag(shell):
    script = completion.script(shell)
    for command in completion.commands():
        assert command.name in script
        for flag in command.flags:
            assert (flag.name if shell != "fish" else f"-l {flag.name[2:]} ") in script


def test_a_flag_that_repeats_is_offered_again():
    repeated = {flag.name for command in completion.commands() for flag in command.flags if flag.repeats}
    assert repeated == {"--set", "--compare", "--label"}
    train = next(line for line in completion.script("zsh").splitlines() if line.strip().startswith("train) "))
    assert "'*--set=[" in train
    assert "'--data=[" in train


def test_fish_goes_by_the_first_word_as_a_folder_may_have_a_commands_name():
    script = completion.script("fish")
    assert "-n '__res3d_command train'" in script
    assert "__fish_seen_subcommand_from" not in script
    if shutil.which("fish") is None:
        pytest.skip("there is no fish here")
    said = subprocess.run(["fish", "--no-config", "-c", f"{script}\ncomplete -C 'res3d predict train --'\necho\n"
                           "complete -C 'res3d tr'"], capture_output=True, text=True, check=True, timeout=60)
    assert "--sliding" in said.stdout
    assert "--recipe" not in said.stdout
    assert "train\t" in said.stdout.rpartition("\n\n")[2]


@pytest.mark.parametrize("shell", list(completion.SHELLS))
def test_the_shell_itself_can_read_the_script(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    subprocess.run([shell, "-n"], input=completion.script(shell), text=True, check=True, timeout=60)


def test_quotes_in_a_help_text_survive(monkeypatch):
    flag = completion.Flag("--set", "the model's [a] field: c:\\d", values=("1", "2"))
    monkeypatch.setattr(completion, "commands", lambda: [completion.Command("train", "it's", (flag,))])
    case = next(line for line in completion.script("zsh").splitlines() if "_arguments" in line)
    assert shlex.split(case)[2] == r"--set=[the model's \[a\] field\: c\:\\d]:value:(1 2)"
    assert r"-d 'the model\'s [a] field: c:\\d'" in completion.script("fish")
    assert complete("res3d", "train", "--set", "") == ["1", "2"]


def test_a_command_that_cannot_be_imported_is_completed_by_name(monkeypatch):
    monkeypatch.setitem(main.COMMANDS, "absent", ("res3d.commands.absent_module", "not here"))
    assert complete("res3d", "abs") == ["absent"]


def test_another_shell_is_refused():
    with pytest.raises(ValueError, match=r"`shell` must be one of bash, zsh, fish. Received: shell='tcsh'\."):
        completion.script("tcsh")


def test_the_command_prints_the_script(capsys):
    parser = main.argparse_flags.ArgumentParser()
    completion.add_flags(parser)
    completion.run(parser.parse_args(["fish"]))
    assert capsys.readouterr().out == completion.script("fish")
