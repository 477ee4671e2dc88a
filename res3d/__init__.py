"""Residual networks for video and images in Keras 3. Names resolve on first use, so that importing is light."""

import lazy_loader

from res3d.importing import around_first_import
from res3d.late_classes import Registering

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

around_first_import("keras", Registering)
