"""Which frames make a clip, and the published evaluation protocols: arithmetic without files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
