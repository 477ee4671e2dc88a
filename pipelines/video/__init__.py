"""Frames out of video files, exactly those asked for, and frames into them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
