"""Plain 3D networks for few videos: thin, without shortcuts, channels by sixteens as half precision wants them.

They are meant to see motion: `res3d.build("plain3d_5", classes, clip, motion=("difference", "background"))`.
"""

from res3d.geometry import ClipSpec
from res3d.networks.architecture import Residual, Stem
from res3d.networks.variants.row import Variant

CLIP = ClipSpec(32, 2, None, 60, 80, resize=(60, 80))


def plain(blocks):
    """`blocks` convolutions in each of four stages, the first of them pooled."""
    return Residual(3, "plain", (blocks,) * 4, (32, 64, 96, 128), strides=((1, 2, 2), 2, 2, 2), multiple=16,
                    stem=Stem(16, (3, 3, 3), (1, 2, 2)), dropout=0.3, options={"momentum": 0.95, "epsilon": 1e-3})


ROWS = {
    "plain3d_5": Variant(plain(1), CLIP, 620_352, 1.337, source="this project"),
    "plain3d_9": Variant(plain(2), CLIP, 1_450_432, 1.760, source="this project"),
}
