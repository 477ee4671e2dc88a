"""Batches of clips as `tf.data`, to train on and to evaluate on."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
