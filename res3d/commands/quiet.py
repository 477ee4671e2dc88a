"""Keeps TensorFlow's start-up chatter off the terminal: it is written before any setting could silence it."""

import importlib.abc
import importlib.util
import os
import sys

from serving.silence import muted_stderr


def quiet_tensorflow():
    """From now on the first `import tensorflow` prints nothing, and C++ logs only what ends the process.

    Python's own exceptions are not touched; `--verbosity=1` leaves all as it is.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                with muted_stderr():
                    execute(module)

            spec.loader.exec_module = exec_module
        return spec
