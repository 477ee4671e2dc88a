"""Which shape a batch has, epoch by epoch: arithmetic, a pure function of the recipe.

Source: Wu et al., 2020 (arXiv 1912.00998), with the numbers of its published code.
"""

import dataclasses
import math

LONG = ((1 / 4, 0.5**0.5), (1 / 2, 0.5**0.5), (1 / 2, 1.0), (1.0, 1.0))  # of frames, of the sides
SHORT = (0.5, 0.5**0.5)  # of the full sides, by turns with those of the long cycle


@dataclasses.dataclass(frozen=True)
class Shape:
    """Clips of `frames` frames of `height` x `width`, in batches `times` as large as those of full clips."""

    frames: int
    height: int
    width: int
    times: int


@dataclasses.dataclass(frozen=True)
class Phase:
    """The epochs of one shape before epoch `end`, in stage `stage` of the plain schedule."""

    stage: int
    shape: Shape
    end: int


def long_shapes(clip, grow=True):
    """The shapes of a long cycle, the full one last; with `grow`, of as much work a batch, else of as many clips.

    >>> from types import SimpleNamespace
    >>> [(shape.times, shape.frames, shape.height) for shape in long_shapes(SimpleNamespace(frames=32, height=224,
    ...                                                                                     width=224))]
    [(8, 8, 158), (4, 16, 158), (2, 16, 224), (1, 32, 224)]
    """
    work, shapes = clip.frames * clip.height * clip.width, []
    for of_time, of_space in LONG:
        frames = max(1, round(clip.frames * of_time))
        height, width = round(clip.height * of_space), round(clip.width * of_space)
        shapes.append(Shape(frames, height, width, round(work / (frames * height * width)) if grow else 1))
    return shapes


def turns(shape, clip, short, grow=True):
    """The shapes that batches take in turn in epochs of `shape`: itself alone, or with `short` smaller ones before it.

    >>> from types import SimpleNamespace
    >>> clip = SimpleNamespace(frames=32, height=224, width=224)
    >>> [(turn.times, turn.frames, turn.height) for turn in turns(long_shapes(clip)[0], clip, short=True)]
    [(16, 8, 112), (8, 8, 158), (8, 8, 158)]
    """
    if not short:
        return (shape,)
    smaller = []
    for of_space in SHORT:
        height, width = clip.height * of_space, clip.width * of_space
        more = max(1, round(shape.height * shape.width / (height * width))) if grow else 1
        smaller.append(Shape(shape.frames, round(height), round(width), shape.times * more))
    return (*smaller, shape)


def phases(clip, epochs, boundaries, stretch, short, grow=True):
    """The phases of a run with long cycles: one cycle a stage, shared out so that each shape has equally many steps,
    and then the full shape alone, with the same saving of steps.

    Args:
        clip: `ClipSpec`. The full shape.
        epochs: int. Of the plain schedule.
        boundaries: rising numbers, the epochs of the plain schedule at which a stage ends.
        stretch: float. Epochs to one of the plain schedule.
        short: bool. Whether there are short cycles, too.
        grow: bool. Whether batches of coarse clips are larger.
    """
    shapes = long_shapes(clip, grow)
    sizes = [_mean(turn.times for turn in turns(shape, clip, short, grow)) for shape in shapes]
    rows, steps = [], 0.0
    for stage, (first, last) in enumerate(zip((0, *boundaries), boundaries)):
        for shape, size in zip(shapes, sizes):
            share = (last - first) * size / sum(sizes)
            rows.append((stage, shape, share))
            steps += share / size
    rows.append((len(boundaries), shapes[-1], (epochs - boundaries[-1]) * sizes[-1] * steps / boundaries[-1]))
    longer = epochs * stretch / sum(share for *_, share in rows)
    found, total = [], 0.0
    for stage, shape, share in rows:
        total += share * longer
        found.append(Phase(stage, shape, round(total)))
    return found


class Cycles:
    """What a recipe with multigrid training does in each epoch.

    Args:
        recipe: `Recipe` whose `multigrid` has a cycle.

    Attributes:
        epochs: int. Of the run.

    >>> from res3d.training.recipe import find_recipe
    >>> cycles = Cycles(find_recipe("kinetics400_slowfast_r50_multigrid"))
    >>> cycles.epochs, [turn.times for turn in cycles.turns(0)], cycles.factor(0), cycles.factor(357)
    (358, [16, 8, 8], 8.0, 0.001...)
    """

    def __init__(self, recipe):
        self.clip, self.schedule, asked = recipe.clip, recipe.schedule, recipe.multigrid
        self.short, self.grow, self.in_steps = asked.short, asked.grow_batch, recipe.schedule.decay == "step"
        if asked.long:
            tuned = self.schedule.epochs * (1 - asked.tuning)
            boundaries = self.schedule.steps if self.in_steps else (tuned,)
            self.phases = phases(self.clip, self.schedule.epochs, boundaries, asked.stretch, asked.short,
                                 asked.grow_batch)
        else:
            ends = [*(self.schedule.steps if self.in_steps else ()), self.schedule.epochs]
            self.phases = [Phase(stage, long_shapes(self.clip)[-1], int(end * asked.stretch))
                           for stage, end in enumerate(ends)]
        self.long, self.epochs = asked.long, self.phases[-1].end

    def phase(self, epoch):
        """The phase of an epoch, from 0."""
        return next((phase for phase in self.phases if epoch < phase.end), self.phases[-1])

    def turns(self, epoch):
        """The shapes that the batches of an epoch take in turn."""
        return turns(self.phase(epoch).shape, self.clip, self.short, self.grow)

    def factor(self, epoch):
        """What the rate of the full clips' batch is multiplied by: the size of the batch, and the decay by steps.

        The short cycle's batches do not count. The last stage of a long cycle has the rate of the one before for its
        first half.
        """
        phase, decays = self.phase(epoch), 0
        if self.in_steps:
            last = self.long and phase is self.phases[-1]
            decays = phase.stage - (last and epoch < (self.phases[-2].end + phase.end) // 2)
        return float(phase.shape.times * self.schedule.factor**decays)


def strides(shape, clip):
    """(least, greatest) step between the frames of a clip of a shape: up to that with which it lasts as a full one."""
    return clip.stride, clip.stride * (clip.frames // shape.frames)


def spec_of(shape, clip):
    """`ClipSpec` of a shape: of a picture it sees what the full clip sees."""
    down = math.sqrt(shape.height * shape.width / (clip.height * clip.width))
    if isinstance(clip.resize, tuple):
        resize = tuple(max(round(side * down), least) for side, least in zip(clip.resize, (shape.height, shape.width)))
    else:
        resize = max(round(clip.resize * down), min(shape.height, shape.width))
    return clip.replace(frames=shape.frames, height=shape.height, width=shape.width, resize=resize)


def _mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / len(numbers)
