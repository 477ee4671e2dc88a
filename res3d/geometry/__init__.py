"""The one fact every room shares: how a clip is cut from a video and how its pixels are scaled.

Nothing heavier than `dataclasses` and `json` is imported here, so that all who need a `ClipSpec` can read the same one.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
