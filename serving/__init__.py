"""Models to answers: SavedModels for TensorFlow Serving, a server and a client. Names resolve on first use."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; a test holds it against the names below
    from serving import client, exporter
    from serving.client import Client as Client
    from serving.exporter import export as export

_NAMES = {
    "Client": "serving.client",
    "export": "serving.exporter",
}
_MODULES = ("client", "exporter")  # after `import serving` alone, too
__all__ = [*_NAMES]

if not TYPE_CHECKING:  # or any name would do
    def __getattr__(name):
        if name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted([*__all__, *_MODULES])
