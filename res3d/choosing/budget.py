"""How many epochs of a recipe the minutes allow, by times that were measured."""

import dataclasses
import math

SERVES = 40, 1500  # epochs and steps that serve, whichever is more
STARTED = 30, 900  # the same of a network that starts from weights
LEAST = 40, 600  # the same, below which something smaller is taken
SPARE = 0.85  # of the minutes are planned; what else runs on a machine takes its part
LOOK = 1 / 3  # of a step, for a batch that is looked at and not learnt from: no gradients


@dataclasses.dataclass(frozen=True)
class Budget:
    """What the time allows.

    Attributes:
        fits: int. Epochs that fit.
        least: int. Epochs below which something smaller is taken.
        serves: int. Epochs that serve.
        steps: int. In an epoch.
        epoch_minutes: float. Of an epoch with its validation.
    """

    fits: int
    least: int
    serves: int
    steps: int
    epoch_minutes: float


def budget_of(case, recipe, timing=None):
    """The `Budget` of a recipe for a `Case`, by a `Timing` or else by what `case.timing` measures of it."""
    data, batch = case.data, recipe.data.batch_size
    timing = case.timing(recipe) if timing is None else timing
    steps = math.ceil(data.videos * recipe.data.clips_per_video / batch)
    looks = math.ceil(data.held / batch)
    computed = (steps + looks * LOOK) * timing.step
    read = (data.videos + data.held) * timing.read
    # A graphics processor computes while the others read; without one, both want the same cores.
    minutes = (max(computed, read) if case.machine.gpu else computed + read) / 60
    once = (timing.start + (data.videos + data.held) * timing.first) / 60
    fits = max(int((case.left() * SPARE - once) / minutes), 0)
    updates = steps / recipe.optimizer.accumulate
    aims = (LEAST, SERVES) if recipe.start.weights is None else (tuple(map(min, LEAST, STARTED)), STARTED)
    return Budget(fits, *(max(epochs, math.ceil(count / updates)) for epochs, count in aims), steps, minutes)
