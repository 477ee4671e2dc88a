"""Residual networks for video and images in Keras 3. Names resolve on first use, so that importing is light."""

import importlib

__version__ = "0.1.0"

_NAMES = {
    "ClipSpec": "res3d.geometry",
    "preset": "res3d.geometry",
    "build": "res3d.variants",
    "list_models": "res3d.variants",
    "load_weights": "res3d.weights",
}
__all__ = [*_NAMES, "__version__"]


def __getattr__(name):
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted(__all__)
