"""Training: the recipe, the schedule, the checkpoint that survives a kill, and the loop around `model.fit`."""

import importlib

_NAMES = {
    "Recipe": "res3d.training.recipe",
    "find_recipe": "res3d.training.recipe",
    "WorkFolder": "res3d.training.workfolder",
    "fit": "res3d.training.loop",
}
__all__ = [*_NAMES]


def __getattr__(name):
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted(__all__)
