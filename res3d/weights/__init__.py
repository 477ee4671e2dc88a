"""Published weights: checkpoints read without torch, renamed by small rule tables, loaded into a network."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
