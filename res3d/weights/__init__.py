"""Published weights: checkpoints read without torch, renamed by small rule tables, loaded into a network.

Names resolve on first use; `read_checkpoint` and `recognise` need numpy alone.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; a test holds it against the names below
    from res3d.weights.checkpoint import read_checkpoint as read_checkpoint
    from res3d.weights.errors import CheckpointError as CheckpointError
    from res3d.weights.inflation import inflate as inflate
    from res3d.weights.load import load_weights as load_weights
    from res3d.weights.sources import recognise as recognise

_NAMES = {
    "CheckpointError": "res3d.weights.errors",
    "inflate": "res3d.weights.inflation",
    "load_weights": "res3d.weights.load",
    "read_checkpoint": "res3d.weights.checkpoint",
    "recognise": "res3d.weights.sources",
}
__all__ = [*_NAMES]

if not TYPE_CHECKING:  # or any name would do
    def __getattr__(name):
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted(__all__)
