"""Residual networks for video and images in Keras 3. Names resolve on first use, so that importing is light."""

import contextlib
import importlib

import lazy_loader

from res3d.importing import around_first_import

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


@contextlib.contextmanager
def _registering():
    """`keras.saving.load_model` knows the layers of the package, whichever of the two is imported first."""
    yield
    importlib.import_module("res3d.saving")


around_first_import("keras", _registering)
