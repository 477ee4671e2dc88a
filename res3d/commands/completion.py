"""Prints a script that completes `res3d` in a shell: commands, their flags, and the values that a flag can take.

Load it where the shell starts: `eval "$(res3d completion bash)"` in ~/.bashrc, `eval "$(res3d completion zsh)"` after
compinit in ~/.zshrc, and for fish `res3d completion fish > ~/.config/fish/completions/res3d.fish`. File names complete
wherever a flag or an argument has no list of values.
"""

import argparse
import dataclasses
import shlex

EXAMPLE = "res3d completion bash"


def add_flags(parser):
    """Flags of `res3d completion`."""
    parser.add_argument("shell", choices=list(SHELLS), help="shell to write for")


def run(args):
    """Prints the script."""
    print(script(args.shell), end="")


@dataclasses.dataclass(frozen=True)
class Flag:
    """A flag of a command: `name` with its dashes, `values` that it can take if they are known, or any if `takes`.

    One that `repeats` is offered again after it was given.
    """

    name: str
    help: str
    takes: bool = True
    values: tuple[str, ...] = ()
    repeats: bool = False


@dataclasses.dataclass(frozen=True)
class Command:
    """A row of the table with what its parser knows; `values` are those of its first argument."""

    name: str
    help: str
    flags: tuple[Flag, ...] = ()
    values: tuple[str, ...] = ()


def script(shell):
    """The script for "bash", "zsh" or "fish", made from the table of commands and from their parsers.

    Raises:
        ValueError: for another shell.

    >>> script("bash").splitlines()[0]
    '_res3d() {'
    """
    if shell not in SHELLS:
        raise ValueError(f"`shell` must be one of {', '.join(SHELLS)}. Received: shell={shell!r}.")
    return SHELLS[shell](commands())


def commands():
    """Every command of the table. One whose module cannot be imported here is completed by its name alone."""
    from res3d.commands import main

    found = []
    for name, (_, line) in main.COMMANDS.items():
        try:
            _, parser = main.make_parser(name)
        except ImportError:
            found.append(Command(name, line))
        else:
            found.append(Command(name, line, tuple(_flags(parser)), _first_values(parser)))
    return found


def _flags(parser):
    known = _known_values()
    for action in parser._actions:  # argparse has no public way to list them
        if not action.option_strings or action.help == argparse.SUPPRESS:  # absl's own flags, of which one matters
            continue
        name = action.option_strings[-1]
        text = " ".join(parser._get_formatter()._expand_help(action).split()) if action.help else ""
        takes = action.nargs != 0
        values = tuple(map(str, action.choices or known.get(name, ()))) if takes else ()
        yield Flag(name, text, takes, values, isinstance(action.default, list))
    yield Flag("--verbosity", "how much is logged; 1 shows tracebacks", values=("-1", "0", "1"))


def _first_values(parser):
    positional = [action for action in parser._actions if not action.option_strings]
    return tuple(map(str, positional[0].choices or ())) if positional else ()


def _known_values():
    """Values of flags whose lists live elsewhere than in the parsers."""
    from pipelines.annotations.reading import FORMATS
    from pipelines.sample.protocols import PROTOCOLS
    from res3d.geometry import PRESETS
    from res3d.training.recipe import list_recipes

    return {"--recipe": list_recipes(), "--protocol": list(PROTOCOLS), "--preset": list(PRESETS),
            "--format": list(FORMATS)}


def _bash(table):
    names = " ".join(command.name for command in table)
    lists, values = [], []
    for command in table:
        lists.append(f"            {command.name}) words={_quoted(flag.name for flag in command.flags)} ;;")
        for flag in command.flags:
            if flag.values:
                values.append(f'        "{command.name} {flag.name}") words={_quoted(flag.values)} ;;')
    firsts = [f"            {command.name}) words={_quoted(command.values)} ;;" for command in table if command.values]
    return "\n".join([
        "_res3d() {",
        "    local current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words=",
        "    COMPREPLY=()",
        "    # Bash splits --flag=value into three words.",
        "    if [[ $current == '=' ]]; then current=",
        "    elif [[ $flag == '=' ]]; then flag=${COMP_WORDS[COMP_CWORD-2]}",
        "    fi",
        '    case "$command $flag" in', *values, "    esac",
        "    if [[ -n $words ]]; then :",
        f"    elif ((COMP_CWORD == 1)); then words={shlex.quote(names)}",
        "    elif [[ $current == -* ]]; then",
        "        case $command in", *lists, "        esac",
        "    elif ((COMP_CWORD == 2)); then",
        "        case $command in", *firsts, "        esac",
        "    fi",
        '    [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
        "}", "complete -o default -F _res3d res3d", ""])


def _zsh(table):
    described = [f"        {shlex.quote(f'{command.name}:{command.help}')}" for command in table]
    cases = []
    for command in table:
        specs = [_zsh_spec(flag) for flag in command.flags]
        first = f"1:value:({' '.join(command.values)})" if command.values else None
        specs += [first] if first else []
        specs.append("*:file:_files")
        cases.append(f"        {command.name}) _arguments " + " ".join(map(shlex.quote, specs)) + " ;;")
    return "\n".join([
        "#compdef res3d", "_res3d() {", "    local -a names", "    names=(", *described, "    )",
        "    if (( CURRENT == 2 )); then _describe command names; return; fi",
        "    local command=$words[2]", "    shift words", "    (( CURRENT-- ))",
        "    case $command in", *cases, "    esac", "}",
        '# Autoloaded from a file named _res3d, or evaluated at the start of the shell.',
        'if [[ $funcstack[1] == _res3d ]]; then _res3d "$@"; else compdef _res3d res3d; fi', ""])


def _zsh_spec(flag):
    text = flag.help
    for character in "\\[]:":
        text = text.replace(character, f"\\{character}")
    name = f"{'*' if flag.repeats else ''}{flag.name}"
    if not flag.takes:
        return f"{name}[{text}]"
    values = f"({' '.join(flag.values)})" if flag.values else "_files"
    return f"{name}=[{text}]:value:{values}"


def _fish(table):
    # A folder may have a command's name, so that the first word alone decides.
    lines = ["function __res3d_command", "    set -l words (commandline -opc)",
             '    test "$words[2]" = "$argv[1]"', "end"]
    for command in table:
        lines.append(f"complete -c res3d -f -n __res3d_command -a {command.name} -d {_fish_quoted(command.help)}")
        seen = f"complete -c res3d -n '__res3d_command {command.name}'"
        if command.values:
            lines.append(f"{seen} -f -a {_fish_quoted(' '.join(command.values))}")
        for flag in command.flags:
            values = f" -x -a {_fish_quoted(' '.join(flag.values))}" if flag.values else " -r" if flag.takes else ""
            lines.append(f"{seen} -l {flag.name.removeprefix('--')}{values} -d {_fish_quoted(flag.help)}")
    return "\n".join([*lines, ""])


def _fish_quoted(text):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _quoted(words):
    return shlex.quote(" ".join(words))


SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
