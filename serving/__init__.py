"""Models to answers: SavedModels for TensorFlow Serving, a server and a client. Names resolve on first use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
