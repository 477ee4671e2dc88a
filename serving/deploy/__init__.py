"""Files that run exported models elsewhere: on the real TensorFlow Serving, in other servers, on phones."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
