"""Generated videos that only motion tells apart: short ones of one class each, and long ones in which things happen."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
