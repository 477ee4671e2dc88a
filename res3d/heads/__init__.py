"""What a residual network ends in besides a classifier.

All take the feature maps of `res3d.build(..., features=True)`, of any rank.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
