"""Records of JPEG frames on disk: what one holds, how it is written and found."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
