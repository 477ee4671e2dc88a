"""Networks that see clips, with the frames on the batch axis: no tensor has more than four axes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
