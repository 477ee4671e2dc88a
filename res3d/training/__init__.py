"""Training: the recipe, the schedule, the checkpoint that survives a kill, and the loop around `model.fit`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
