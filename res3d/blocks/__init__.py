"""Residual blocks: post-activation and pre-activation, basic and bottleneck, and their shortcuts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
