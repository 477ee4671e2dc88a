"""Videos that show what others show: copies, pieces and views of one recording, found by looking."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
