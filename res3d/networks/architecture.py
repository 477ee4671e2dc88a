"""What a residual network is made of, as plain data: rows of the family's table are written in these words."""

import dataclasses
import math
from collections.abc import Iterator

from res3d.layers.arguments import to_tuple


@dataclasses.dataclass(frozen=True)
class Stem:
    """What comes before the first stage.

    `filters` are the channels it produces, `mid` those between the two convolutions of a factorized one. `kind` is
    "full" (one convolution), "factorized" (space, then time), "x3d" (a spatial convolution without norm, then a
    depthwise one over time) or "garden" (three convolutions, the first strided). `pool` is the (kernel, strides) of the
    max-pool after it, or None. `norm` False leaves norm and activation to the first pre-activation block.
    """

    filters: int = 64
    kernel: int | tuple = (3, 7, 7)
    strides: int | tuple = (1, 2, 2)
    kind: str = "full"
    mid: int | None = None
    pool: tuple | None = None
    norm: bool = True


@dataclasses.dataclass(frozen=True)
class Residual:
    """A residual network of stages, or with the block "plain" one without shortcuts.

    Attributes:
        rank: 2 for networks that see frames, 3 for networks that see clips.
        block: "basic", "bottleneck", "preact_basic", "preact_bottleneck", or "plain" for none with a shortcut, whose
            strides are pools.
        depths: blocks in each stage.
        widths: channels inside the blocks of each stage.
        expansion: block outputs are `widths` times this.
        strides: of the first block of each stage, ints or tuples; spatial convolutions do not stride in time.
        convs: the kind of the 3-wide convolutions of each stage, as `units.conv_unit` names them.
        temporal: for each stage, the temporal widths of the bottlenecks' first convolutions, repeated over its blocks.
        stem: Stem.
        pool_after: {stage name: pool size} of max-pools between stages, whose stride is their size.
        squeeze: ratio of squeeze-and-excitation to the channels it weighs, 0 for none.
        squeeze_every: int. Which blocks of a stage have it: the first and every n-th.
        gate_last: self-gating in the last block of each stage.
        nonlocal_after: {stage name: block indices} that a non-local block follows.
        dilation: for each stage, the step between the positions that its 3-wide convolutions see.
        shift: temporal shift in each block (rank 2).
        aggregate: a weighted sum of three frames in each block (rank 2).
        drop_path: probability in the last stage; of n stages, the i-th (from 1) has (i + 1) / (n + 1) of it.
        window: (frames, height, width) of the average pool before the classifier, or None for a global one.
        head: "linear", "x3d" or "softmax_mean" (pytorchvideo's R(2+1)D averages probabilities of windows).
        last_norm: norm and ReLU after the last stage, as pre-activation networks but 3D-ResNets' have them.
        dropout: before the classifier.
        multiple: what `scaled` rounds widths to.
        options: further arguments of the blocks: shortcut, mid, groups, epsilon ...
    """

    rank: int = 3
    block: str = "basic"
    depths: tuple = (2, 2, 2, 2)
    widths: tuple = (64, 128, 256, 512)
    expansion: float = 1
    strides: tuple = (1, 2, 2, 2)
    convs: tuple = ("full",) * 4
    temporal: tuple = ((1,),) * 4
    stem: Stem = Stem()
    pool_after: dict = dataclasses.field(default_factory=dict)
    squeeze: float = 0
    squeeze_every: int = 1
    gate_last: bool = False
    nonlocal_after: dict = dataclasses.field(default_factory=dict)
    dilation: tuple = (1,) * 4
    shift: bool = False
    aggregate: bool = False
    drop_path: float = 0.0
    window: tuple | None = None
    head: str = "linear"
    last_norm: bool = True
    dropout: float = 0.0
    multiple: int = 8
    options: dict = dataclasses.field(default_factory=dict)

    @property
    def outputs(self) -> tuple[int, ...]:
        """Channels that each stage produces."""
        return tuple(round(width * self.expansion) for width in self.widths)

    def stage_strides(self, index: int) -> tuple[int, ...]:
        """Strides of stage `index` (from 0) as a tuple: a kind without temporal extent does not stride in time."""
        strides = to_tuple(self.strides[index], self.rank, "strides")
        temporal = self.rank < 3 or self.convs[index] != "spatial"
        return strides if temporal else (1, *strides[1:])

    def all_strides(self) -> Iterator[tuple[int, ...]]:
        """Every stride from input to last stage, in order, each a tuple of `rank` ints."""
        yield to_tuple(self.stem.strides, self.rank, "strides")
        if self.stem.pool:
            yield to_tuple(self.stem.pool[1], self.rank, "strides")
        for index in range(len(self.depths)):
            yield self.stage_strides(index)
            if pool := self.pool_after.get(f"stage{index + 1}"):
                yield pool

    @property
    def sees_neighbours(self) -> bool:
        """Whether the blocks of a network that sees frames also see the frames before and after."""
        return self.shift or self.aggregate

    def smallest_input(self) -> tuple[int, ...]:
        """The least size on each axis that leaves every stride but the last two positions to step over.

        >>> Residual().smallest_input()
        (3, 5, 5)
        """
        if self.block == "plain":  # its pools leave out what does not fill a window, and no stage may come out empty
            stem, *pools = self.all_strides()
            return tuple((math.prod(windows) - 1) * first + 1 for first, *windows in zip(stem, *pools))
        windows = zip(*self.pool_after.values()) if self.pool_after else [()] * self.rank
        return tuple(max(_smallest(strides), *window, 1) for strides, window in zip(zip(*self.all_strides()), windows))

    def keeping_time(self) -> "Residual":
        """The same network without strides and pools in time, so that its stages have as many frames as its input."""
        if self.rank < 3:
            return self
        def kept(strides):
            return (1, *to_tuple(strides, 3, "strides")[1:])

        pool = self.stem.pool and (self.stem.pool[0], kept(self.stem.pool[1]))
        stem = dataclasses.replace(self.stem, strides=kept(self.stem.strides), pool=pool)
        return dataclasses.replace(self, stem=stem, strides=tuple(map(kept, self.strides)),
                                   pool_after={stage: kept(pool) for stage, pool in self.pool_after.items()})

    def scaled(self, width: float) -> "Residual":
        """The same network with every width multiplied, rounded to a multiple of `multiple` and of the groups."""
        if width == 1:
            return self
        multiple = math.lcm(self.multiple, self.options.get("groups", 1))
        inner = tuple(scaled_width(channels, width, multiple) for channels in self.widths)
        stem = dataclasses.replace(self.stem, filters=scaled_width(self.stem.filters, width, self.multiple))
        return dataclasses.replace(self, widths=inner, stem=stem)


@dataclasses.dataclass(frozen=True)
class SlowFast:
    """Two residual networks over one clip, the fast one thin and seeing every frame, fused into the slow one.

    Attributes:
        slow, fast: Residual. `slow` sees every `alpha`-th frame.
        alpha: int. Frames of the fast pathway to one of the slow one.
        fusion_kernel: int. Temporal width of the lateral convolutions, which stride by `alpha`.
        fusion_ratio: int. Channels a lateral convolution makes of each fast channel.
        dropout: before the classifier.
        rank, head: as for `Residual`; always 3 and "linear".
    """

    slow: Residual
    fast: Residual
    alpha: int = 8
    fusion_kernel: int = 5
    fusion_ratio: int = 2
    dropout: float = 0.5
    rank: int = 3
    head: str = "linear"

    def smallest_input(self) -> tuple[int, ...]:
        """The least size on each axis; frames come in multiples of `alpha`."""
        return (self.alpha, *self.fast.smallest_input()[1:])

    def scaled(self, width: float) -> "SlowFast":
        """The same network with every width multiplied, rounded to a multiple of 8."""
        return dataclasses.replace(self, slow=self.slow.scaled(width), fast=self.fast.scaled(width))


def scaled_width(channels, width, multiple=8):
    """`channels` times `width`, to the nearest `multiple` and at least one.

    >>> scaled_width(64, 0.25), scaled_width(64, 1), scaled_width(54, 1), scaled_width(128, 0.3, 32)
    (16, 64, 54, 32)
    """
    return channels if width == 1 else max(1, math.floor(channels * width / multiple + 0.5)) * multiple


def _smallest(strides):
    """Going backwards from one position: each stride above 1 but the last needs at least 2 positions before it."""
    size = 1
    for stride in [stride for stride in strides if stride > 1][-2::-1]:
        size = max(2, (size - 1) * stride + 1)
    return size
