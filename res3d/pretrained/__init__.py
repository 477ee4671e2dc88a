"""Networks that come with their weights, by name, address or path, and what is known of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
