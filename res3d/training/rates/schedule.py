"""The learning rate by step: a linear warm-up, then cosine, steps or nothing."""

import math

import keras
from keras import ops

from res3d.training.rates.epoch_rate import EpochRate


@keras.saving.register_keras_serializable("res3d")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly from `warmup_from * rate` to `rate`, then decays; `step` counts batches from 0.

    Args:
        rate: float. The rate at the end of the warm-up.
        total_steps: int. Steps of the whole run; the cosine ends there.
        warmup_steps: int. Steps of the warm-up.
        warmup_from: float. Fraction of `rate` at step 0.
        decay: "cosine" (half a period, over the steps after the warm-up), "step" or "constant".
        boundaries: ints. Steps from which, in turn, the rate is multiplied by `factor` once more ("step").
        factor: float.
        final: float. Fraction of `rate` that the cosine ends at.

    Reference: Goyal et al., 2017 (arXiv 1706.02677) for the warm-up; Loshchilov and Hutter, 2016 (arXiv 1608.03983).

    >>> rate = WarmUp(0.4, total_steps=10, warmup_steps=2, warmup_from=0.5)
    >>> [round(float(rate(step)), 3) for step in (0, 1, 2, 6, 10)]
    [0.2, 0.3, 0.4, 0.2, 0.0]
    """

    def __init__(self, rate, total_steps, warmup_steps=0, warmup_from=0.1, decay="cosine", boundaries=(), factor=0.1,
                 final=0.0):
        super().__init__()
        self.rate = rate
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps
        self.warmup_from = warmup_from
        self.decay = decay
        self.boundaries = tuple(boundaries)
        self.factor = factor
        self.final = final

    def __call__(self, step):
        step = ops.cast(step, "float32")
        after = ops.maximum(step - self.warmup_steps, 0.0)
        scale = ops.ones_like(step)
        if self.decay == "cosine":
            share = ops.minimum(after / max(self.total_steps - self.warmup_steps, 1), 1.0)
            scale = self.final + (1 - self.final) * 0.5 * (1 + ops.cos(math.pi * share))
        elif self.decay == "step":
            for boundary in self.boundaries:
                scale = ops.where(step >= boundary, scale * self.factor, scale)
        rising = self.warmup_from + (1 - self.warmup_from) * step / max(self.warmup_steps, 1)
        return self.rate * ops.where(step < self.warmup_steps, rising, scale)

    def get_config(self):
        return {"rate": self.rate, "total_steps": self.total_steps, "warmup_steps": self.warmup_steps,
                "warmup_from": self.warmup_from, "decay": self.decay, "boundaries": list(self.boundaries),
                "factor": self.factor, "final": self.final}


def scaled_rate(optimizer, batch_size):
    """The recipe's rate for the batch that one update really sees: linear in clips, once `reference_batch` is given.

    `batch_size * accumulate` clips make one update; with `reference_batch` None the rate stands as written.
    """
    if optimizer.reference_batch is None:
        return optimizer.rate
    return optimizer.rate * batch_size * optimizer.accumulate / optimizer.reference_batch


def make_schedule(recipe, sizes):
    """The schedule of a recipe whose epochs have `EpochSizes`.

    Raises:
        ValueError: for steps without an epoch.
    """
    schedule = recipe.schedule
    if schedule.decay == "step" and not schedule.steps:
        raise ValueError("`schedule.steps` must list the epochs from which the rate is smaller when schedule.decay is "
                         "'step'. Received: schedule.steps=[]. Set it, as to [10, 20], or schedule.decay=constant.")
    if recipe.cycles is not None:
        return EpochRate(
            scaled_rate(recipe.optimizer, recipe.data.batch_size),
            starts=[sizes.before(epoch) for epoch in range(recipe.epochs + 1)],
            factors=[recipe.cycles.factor(epoch) for epoch in range(recipe.epochs)],
            warmup_epochs=schedule.warmup_length, warmup_from=schedule.warmup_from, cosine=schedule.decay == "cosine",
            final=schedule.final)
    steps = sizes.steps(0)
    return WarmUp(
        scaled_rate(recipe.optimizer, recipe.data.batch_size), total_steps=schedule.epochs * steps,
        warmup_steps=round(schedule.warmup_length * steps), warmup_from=schedule.warmup_from,
        decay=schedule.decay, boundaries=[round(epoch * steps) for epoch in schedule.steps],
        factor=schedule.factor, final=schedule.final)
