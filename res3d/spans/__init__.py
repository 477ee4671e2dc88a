"""From scores of steps of time to spans and instants: windows, thresholds, peaks. NumPy alone."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
