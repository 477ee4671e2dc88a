"""The console script `res3d`: one table of commands, each a module that is imported only when it is called.

A command module has `EXAMPLE` (a line for its help), `add_flags(parser)` and `run(args) -> int or None`.
"""

import difflib
import importlib
import logging
import os
import select
import sys

from absl import flags
from absl import logging as absl_logging

from res3d.commands.places import settle
from res3d.commands.texts.pages import page_of
from res3d.commands.texts.parser import Parser
from res3d.commands.texts.wording import in_words
from res3d.quiet import quiet_tensorflow

COMMANDS = {  # name: (module, one line)
    "demo": ("res3d.commands.demo", "the whole path on generated videos; writes a report"),
    "models": ("res3d.commands.models", "the family: name, parameters, GMACs, input, source"),
    "doctor": ("pipelines.commands.doctor", "check a data set, name every bad file and why"),
    "labels": ("pipelines.commands.labels", "labels from the tool they were made with, to another or to a CSV"),
    "prepare": ("pipelines.commands.prepare", "videos to record shards, resumable, any number of workers"),
    "train": ("res3d.commands.train", "model.fit with a recipe"),
    "evaluate": ("res3d.commands.evaluate", "named protocols, report.html and metrics.json"),
    "predict": ("res3d.commands.predict", "top-5 per video, as a table or --json"),
    "features": ("res3d.commands.features", "stage features of a data set, to one array file"),
    "pretrain": ("res3d.commands.pretrain", "weights for a small network out of generated figures"),
    "weights": ("res3d.commands.published.weights", "published weights by name: accuracy, licence, here or not"),
    "import-weights": ("res3d.commands.published.import_weights", "published PyTorch checkpoints, no torch needed"),
    "export": ("res3d.commands.export", "a SavedModel version for TensorFlow Serving"),
    "serve": ("res3d.commands.published.serve", "embedded server: TensorFlow Serving's REST and gRPC interfaces"),
    "deploy": ("serving.commands.deploy", "files to run the exports with the real TensorFlow Serving"),
    "bench": ("res3d.commands.bench", "where the time goes; which recipe suits"),
    "data-dispatcher": ("pipelines.commands.data_dispatcher", "hand out shards to shared input workers"),
    "data-worker": ("pipelines.commands.data_worker", "one shared input worker"),
    "completion": ("res3d.commands.completion", "a script that completes commands and flags in your shell"),
}
# What a user can cause and mend; anything else is a defect and keeps its traceback.
USER_ERRORS = (ValueError, OSError, ImportError)


def overview():
    """The text that `res3d` alone prints: what can be done, one command a line."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {line}" for name, (_, line) in COMMANDS.items()]
    head = ["Video action recognition with residual networks in Keras 3.", "", "usage: res3d COMMAND [flags]", ""]
    tail = ["", "res3d COMMAND --help explains a command with an example; --verbosity=1 shows tracebacks.",
            "res3d --version prints what a bug report begins with."]
    return "\n".join(head + lines + tail)


def make_parser(name):
    """The flags of one command, each with its help, the example last."""
    module = importlib.import_module(COMMANDS[name][0])
    parser = Parser(f"res3d {name}", module.add_flags, description=(module.__doc__ or COMMANDS[name][1]).strip(),
                    epilog=f"example:\n  {module.EXAMPLE}")
    return module, parser


def main(argv=None):
    """Runs one command; returns its exit code. A user's error is one line on stderr and code 1."""
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_gone():
            raise
        return 141  # what a shell says of a program that SIGPIPE ended, as in `res3d models | head -1`
    except KeyboardInterrupt:  # before the command began
        print("res3d: interrupted", file=sys.stderr)
        return 130


def _reader_gone():
    """Whether nobody reads stdout any more; what is left to print then goes nowhere, without a word."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    gone = any(event & select.POLLERR for _, event in poll.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone


def _run(argv):
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["help"] and argv[1:]:
        argv = [argv[1], "--help"]
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if argv[0] == "--version":
        from res3d.commands.texts.version import report

        print(report())
        return 0
    name = argv.pop(0)
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, 3) or COMMANDS
        print(f"res3d: error: a command is one of {', '.join(near)}. Received: {name!r}. `res3d` alone lists all.",
              file=sys.stderr)
        return 2
    module, parser = make_parser(name)
    args = parser.parse_args(argv)
    _set_up_logging()
    if flags.FLAGS.verbosity <= 0:
        quiet_tensorflow()
    try:
        settle(name, args)
        return module.run(args) or 0
    except USER_ERRORS as error:
        if isinstance(error, BrokenPipeError) and _reader_gone():
            return 141
        text, page = in_words(error), page_of(error)
        if flags.FLAGS.verbosity > 0:
            if page:
                error.add_note(f"See {page}")
            raise
        if page:
            text += f"{'' if text.endswith(('.', '?')) else '.'} See {page}"
        print(f"res3d {name}: error: {text}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"res3d {name}: interrupted", file=sys.stderr)
        return 130


def _set_up_logging():
    """absl's own `--verbosity` decides: 0 tells what happens, 1 adds debug lines and tracebacks."""
    if flags.FLAGS["verbosity"].using_default_value:
        absl_logging.set_verbosity(absl_logging.INFO)
    absl_logging.use_absl_handler()
    verbose = flags.FLAGS.verbosity > 0
    logging.getLogger().setLevel(logging.DEBUG if verbose else logging.WARNING)
    if not verbose:  # absl leaves its own logger at the root's level, where other libraries would talk too
        absl_logging.get_absl_logger().setLevel(
            absl_logging.converter.absl_to_standard(flags.FLAGS.verbosity))


if __name__ == "__main__":
    sys.exit(main())
