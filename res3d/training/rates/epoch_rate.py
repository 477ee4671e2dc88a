"""The learning rate of epochs of different lengths and batches."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("res3d")
class EpochRate(keras.optimizers.schedules.LearningRateSchedule):
    """`rate` times the factor of the epoch that a step is in, after a linear rise, under a cosine if asked for.

    Args:
        rate: float.
        starts: ints. The step at which each epoch begins, and at last that at which the run ends.
        factors: floats, one an epoch.
        warmup_epochs: float. The rise ends at what the rate is there.
        warmup_from: float. Fraction of `rate` at step 0.
        cosine: bool. Half a period over the epochs after the rise.
        final: float. Fraction of the rate that the cosine ends at.

    >>> rate = EpochRate(0.1, starts=(0, 2, 6), factors=(4.0, 1.0))
    >>> [round(float(rate(step)), 3) for step in (0, 1, 2, 5)]
    [0.4, 0.4, 0.1, 0.1]
    """

    def __init__(self, rate, starts, factors, warmup_epochs=0.0, warmup_from=0.1, cosine=False, final=0.0):
        super().__init__()
        self.rate, self.starts, self.factors = rate, tuple(starts), tuple(factors)
        self.warmup_epochs, self.warmup_from, self.cosine, self.final = warmup_epochs, warmup_from, cosine, final

    def __call__(self, step):
        step = ops.cast(step, "float32")
        starts = ops.convert_to_tensor(self.starts, "float32")
        last = len(self.factors) - 1
        epoch = ops.sum(ops.cast(step >= starts[1:-1], "int32")) if last else 0
        begun = step - ops.take(starts, epoch)
        place = ops.cast(epoch, "float32") + begun / (ops.take(starts, epoch + 1) - ops.take(starts, epoch))
        scale = ops.take(ops.convert_to_tensor(self.factors, "float32"), epoch)
        if self.cosine:
            after = ops.maximum(place - self.warmup_epochs, 0.0) / max(last + 1 - self.warmup_epochs, 1e-6)
            scale = scale * (self.final + (1 - self.final) * 0.5 * (1 + ops.cos(math.pi * ops.minimum(after, 1.0))))
        risen = self.factors[min(int(self.warmup_epochs), last)]
        rising = self.warmup_from + (risen - self.warmup_from) * place / max(self.warmup_epochs, 1e-6)
        return self.rate * ops.where(place < self.warmup_epochs, rising, scale)

    def get_config(self):
        return {"rate": self.rate, "starts": list(self.starts), "factors": list(self.factors),
                "warmup_epochs": self.warmup_epochs, "warmup_from": self.warmup_from, "cosine": self.cosine,
                "final": self.final}
