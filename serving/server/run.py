"""A server in the foreground: started, announced, and ended by a signal without losing what it accepted."""

import gc
import importlib.metadata
import os
import signal
import sys
import threading

from absl import logging

from serving.errors import ServingError
from serving.server.own_log import OwnLog
from serving.server.server import Server


def until_stopped(settings, announce=None):
    """Serves until SIGTERM or SIGINT.

    Args:
        settings: settings.Settings.
        announce: function of the started Server, or None.

    Returns:
        The exit code, 0; where a model is still loading, which nothing can interrupt, the process ends here with it.

    Raises:
        ServingError, OSError, ValueError: if the server cannot start.
    """
    logging.use_absl_handler()
    logging.set_verbosity(max(logging.get_verbosity(), logging.INFO))
    log = OwnLog().install()
    try:
        waiting = _until_stopped(settings, announce)
    finally:
        log.leave()
    if waiting:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # the interpreter would wait for the threads that load
    return 0


def _until_stopped(settings, announce):
    """Whether something still loads when all that was accepted has been answered."""
    for line in settings.ignored:
        logging.warning("%s", line)
    asked, started, failure = threading.Event(), threading.Event(), []

    def start():
        try:
            server.start()
        except Exception as error:
            failure.append(error)
        finally:
            started.set()

    def on_signal(number, _frame):
        logging.info("Received %s: finishing what was accepted", signal.Signals(number).name)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    server = Server(settings)
    # Models load in a thread of their own, so that a signal is heard while they do.
    threading.Thread(target=start, name="start", daemon=True).start()
    while not started.wait(0.05):
        if asked.is_set():
            return True  # nothing was accepted yet
    if failure:
        raise failure[0]
    _share_the_interpreter()
    if announce is not None:
        announce(server)
    asked.wait()
    return not server.stop(patient=False)


def _share_the_interpreter():
    """Keeps requests that take long from holding up those that do not: Python answers one at a time.

    A thread that wants to go on waits until another has had its share, five thousandths of a second as Python comes,
    and a request asks for that some ten times on its way. A collection holds up all. What is there when a server begins
    to answer, TensorFlow above all, stays for as long as the process lives, and to walk through it takes a fifth of a
    second; so it is left out. Of what came since, the youngest are looked at often, and the rest, which strangers fill
    with lists by the hundred thousand, a hundred times less often than usual.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 1000, 10)
    sys.setswitchinterval(5e-4)


def failed(error):
    """Says why the server cannot start, as TensorFlow Serving does."""
    if isinstance(error, ServingError):
        error = f"{error.code}: {error.message}"
    if "Error parsing text-format" in str(error):
        print(error, file=sys.stderr)
    print(f"Failed to start server. Error: {' '.join(str(error).split())}", flush=True)
    return 255


def versions():
    """What is running here, one package a line."""
    names = {"res3d embedded server": "res3d", "TensorFlow Library": "tensorflow",
             "TensorFlow Serving messages": "tensorflow-serving-api"}
    return "\n".join(f"{title}: {importlib.metadata.version(name)}" for title, name in names.items())
