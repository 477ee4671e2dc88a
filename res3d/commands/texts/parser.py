"""The parser of a command: its help as wide as reads well, its usage one line of what it cannot do without."""

import argparse
import shutil
import textwrap

from absl.flags import argparse_flags


class Parser(argparse_flags.ArgumentParser):
    """A parser that knows what a command's `add_flags` added to it, and takes absl's flags as well.

    Attributes:
        arguments: list of `argparse.Action`, in the order they were added, those of groups included.

    >>> def add_flags(parser):
    ...     parser.add_argument("videos", nargs="+", metavar="VIDEO")
    ...     parser.add_argument_group("of the model").add_argument("--model", required=True)
    >>> print(Parser("res3d ask", add_flags).format_usage(), end="")
    usage: res3d ask --model=MODEL VIDEO ... [flags]
    """

    def __init__(self, prog, add_flags, **options):
        super().__init__(prog=prog, allow_abbrev=False, formatter_class=_Help, **options)
        self.arguments: list[argparse.Action] = []
        add_flags(_Noted(self, self.arguments))
        self.usage = " ".join(["%(prog)s", *self._needed(), "[flags]"])

    def _needed(self):
        """Words of what a command cannot do without. Other flags are listed below, some of them by the dozen."""
        for action in self.arguments:
            if action.option_strings and action.required:
                yield f"{action.option_strings[-1]}={action.metavar or action.dest.upper()}"
        for action in self.arguments:
            if not action.option_strings:
                word = "|".join(action.choices) if action.choices else action.metavar or action.dest
                word += " ..." if action.nargs in ("+", "*") else ""
                yield f"[{word}]" if action.nargs in ("?", "*") else word


class _Noted:
    """A parser, or a group of its flags, that notes what is added."""

    def __init__(self, parser, arguments):
        self.parser, self.arguments = parser, arguments

    def add_argument(self, *names, **options):
        self.arguments.append(self.parser.add_argument(*names, **options))
        return self.arguments[-1]

    def add_argument_group(self, title):
        return _Noted(self.parser.add_argument_group(title), self.arguments)


class _Help(argparse.HelpFormatter):
    """Paragraphs as wide as the terminal, but not too wide to read; indented ones, examples, as they are."""

    def __init__(self, prog):
        super().__init__(prog, width=min(shutil.get_terminal_size().columns - 2, 118))

    def _fill_text(self, text, width, indent):
        return "\n\n".join(paragraph if "\n " in paragraph else textwrap.fill(" ".join(paragraph.split()), width)
                           for paragraph in text.split("\n\n"))
