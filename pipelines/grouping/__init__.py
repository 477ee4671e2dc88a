"""Who and what was recorded: groups of videos, and splits that keep each group on one side."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
