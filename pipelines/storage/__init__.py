"""Files and folders, on a disk or at an address, and one-sentence errors that show no secret."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
