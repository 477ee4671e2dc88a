"""The parts that residual networks are made of, for rank 1, 2 and 3."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
