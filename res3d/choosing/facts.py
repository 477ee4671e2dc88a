"""What the rules know of videos and of a machine: plain values, whoever found them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Spread:
    """The smallest, the middle and the largest of many values, the outer tenths left out."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values):
        """The spread of numbers, in any order.

        >>> Spread.of([3, 1, 2])
        Spread(low=1, middle=2, high=3)
        """
        ordered = sorted(values)
        last = len(ordered) - 1
        return cls(*(ordered[round(share * last)] for share in (0.1, 0.5, 0.9)))


@dataclasses.dataclass(frozen=True)
class DataFacts:
    """The videos of a run.

    Attributes:
        videos: int. How many there are to train on.
        held: int. How many are held out to validate on.
        classes: tuple of str.
        groups: int. People, recordings or places among the videos to train on.
        grouped_by: str. What told the groups, as `pipelines.grouping` says.
        seconds: `Spread` of durations.
        frames: `Spread` of frames of a video.
        fps: `Spread` of rates.
        aspect: `Spread` of width by height.
        splits: tuple of str. Names of the parts that the data set has, if any.
        multi_label: bool. Whether a video may have several labels.
        sided: tuple of str. Classes that a mirror would turn into others.
        still: float or None. Accuracy of a linear classifier of one middle frame, on folds of groups.
        moving: float or None. The same of frame differences.
    """

    videos: int
    held: int
    classes: tuple[str, ...]
    groups: int
    grouped_by: str
    seconds: Spread
    frames: Spread
    fps: Spread
    aspect: Spread
    splits: tuple[str, ...] = ()
    multi_label: bool = False
    sided: tuple[str, ...] = ()
    still: float | None = None
    moving: float | None = None


@dataclasses.dataclass(frozen=True)
class Machine:
    """What trains.

    Attributes:
        cores: int. Of the processor, as far as this process may use them.
        gpu: str or None. Name of the first graphics processor that the backend sees.
        precisions: tuple of str. Those worth a try, as recipes call them.
    """

    cores: int
    gpu: str | None = None
    precisions: tuple[str, ...] = ("float32",)


@dataclasses.dataclass(frozen=True)
class Timing:
    """Measured seconds.

    Attributes:
        step: float. Of one training step.
        read: float. Of one clip read, all cores at work.
        first: float. The same in the first epoch, which probes videos, and decodes what is kept from then on.
        start: float. Until the first step is done.
    """

    step: float
    read: float
    first: float = 0.0
    start: float = 0.0


@dataclasses.dataclass(frozen=True)
class Room:
    """What a training step is estimated to take.

    Attributes:
        fits: int. The largest of the batch asked for and its halves for which there is room; 0 for none.
        needed, free: floats. Bytes that the batch asked for needs, and those that there are.
    """

    fits: int
    needed: float
    free: float
