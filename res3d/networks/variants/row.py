"""A row of the family's table: an architecture and what was published about it."""

import dataclasses

from res3d.geometry import ClipSpec, preset
from res3d.networks.architecture import Residual, SlowFast

DEPTHS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3),
          152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}  # blocks in each of four stages


@dataclasses.dataclass(frozen=True)
class Variant:
    """One published network.

    Attributes:
        network: Residual or SlowFast, what it is made of.
        clip: ClipSpec it was published with, or the name of the preset.
        params: trainable parameters with `classes` classes, moving statistics left out; None if not listed.
        gmacs: 1e9 multiplications of convolutions and dense layers for one native clip (one picture in rank 2).
        classes: int; None where what is published ends in features.
        top1: published top-1 in percent, or None.
        protocol: what `top1` was measured with.
        source: project or paper that publishes the layout and the figures.
    """

    network: Residual | SlowFast
    clip: ClipSpec | str
    params: int | None
    gmacs: float | None = None
    classes: int | None = 400
    top1: float | None = None
    protocol: str = ""
    source: str = ""

    @property
    def native_clip(self) -> ClipSpec:
        """The published `ClipSpec`."""
        return preset(self.clip) if isinstance(self.clip, str) else self.clip
