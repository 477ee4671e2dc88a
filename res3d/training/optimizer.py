"""SGD and Adam as video recipes use them: decay on kernels only, a rate of its own for the backbone."""

import keras
from keras import ops

from res3d.private_keras import OwnAverages, variable_index
from res3d.training.rates.schedule import make_schedule


class _ByVariable(OwnAverages):
    """Scales the rate and chooses the decay one variable at a time.

    Norms and biases have rank 1 and are not decayed. Variables inside a layer named in `full_rate` learn at the
    whole rate, the rest at `backbone_rate` times it. With `ema_ramp`, averages that keep a share d of themselves begin
    with less: (1 + s) / (10 + s) after s updates, until that is more than d.
    """

    def __init__(self, *args, kernel_decay=0.0, backbone_rate=1.0, full_rate=(), ema_ramp=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.ema_ramp = ema_ramp
        self.kernel_decay = kernel_decay
        self.backbone_rate = backbone_rate
        self.full_rate = tuple(full_rate)

    def build(self, variables):
        super().build(variables)
        heads = [any(part in self.full_rate for part in variable.path.split("/")) for variable in variables]
        self._rates = [1.0 if head else self.backbone_rate for head in heads]
        self._decays = [self.kernel_decay if len(variable.shape) > 1 else 0.0 for variable in variables]

    def _rate_and_decay(self, variable, learning_rate):
        index = variable_index(self, variable)
        return ops.cast(learning_rate, variable.dtype) * self._rates[index], self._decays[index]

    def average_kept(self):
        """As `OwnAverages`: a run of a few hundred updates would else average weights of its beginning in."""
        if not self.ema_ramp:
            return None
        updates, batches = ops.cast(self.iterations, "float32"), self.gradient_accumulation_steps or 1
        return ops.minimum(self.ema_momentum, ((1 + updates) / (10 + updates)) ** (1 / batches))

    def finalize_variable_values(self, var_list):
        """Leaves the weights: the loop runs one `fit` an epoch and swaps the averages in only to look at them."""

    def get_config(self):
        ramp = {"ema_ramp": True} if self.ema_ramp else {}
        return {**super().get_config(), "kernel_decay": self.kernel_decay, "backbone_rate": self.backbone_rate,
                "full_rate": list(self.full_rate), **ramp}


@keras.saving.register_keras_serializable("res3d")
class SGD(_ByVariable, keras.optimizers.SGD):
    """Momentum SGD whose decay is part of the gradient, as in the recipes of the published video networks.

    Keras's own `weight_decay` shrinks the weights beside the momentum instead of through it, so the same number would
    mean a tenth of the decay at momentum 0.9.

    Args:
        kernel_decay: float. Added to the gradient as `kernel_decay * kernel`, for variables of rank 2 and more.
        backbone_rate: float. Factor on the rate of all variables outside `full_rate`.
        full_rate: names. Layers that learn at the whole rate, such as the head.
    """

    def update_step(self, gradient, variable, learning_rate):
        rate, decay = self._rate_and_decay(variable, learning_rate)
        if decay:
            gradient = ops.cast(gradient, variable.dtype) + decay * ops.convert_to_tensor(variable)
        super().update_step(gradient, variable, rate)


@keras.saving.register_keras_serializable("res3d")
class AdamW(_ByVariable, keras.optimizers.Adam):
    """Adam with decoupled decay on kernels only.

    Args:
        kernel_decay: float. A step shrinks kernels by `rate * kernel_decay`.
        backbone_rate: float. Factor on the rate of all variables outside `full_rate`.
        full_rate: names. Layers that learn at the whole rate, such as the head.

    Reference: Loshchilov and Hutter, 2017 (arXiv 1711.05101).
    """

    def update_step(self, gradient, variable, learning_rate):
        rate, decay = self._rate_and_decay(variable, learning_rate)
        if decay:
            self.assign_sub(variable, rate * decay * ops.convert_to_tensor(variable))
        super().update_step(gradient, variable, rate)


def make_optimizer(recipe, sizes, heads=("logits",)):
    """The optimizer of a recipe for epochs of `EpochSizes`; `backbone_rate` leaves the layers `heads` alone."""
    asked = recipe.optimizer
    options = {
        "learning_rate": make_schedule(recipe, sizes), "kernel_decay": asked.weight_decay,
        "backbone_rate": asked.backbone_rate, "full_rate": heads, "global_clipnorm": asked.clip_norm,
        "gradient_accumulation_steps": asked.accumulate if asked.accumulate > 1 else None,
        "use_ema": asked.ema is not None, "ema_ramp": asked.ema_ramp}
    if asked.ema is not None:
        # Keras averages after every batch; the recipe counts updates.
        options["ema_momentum"] = asked.ema ** (1 / asked.accumulate)
    if asked.name == "adamw":
        return AdamW(beta_2=asked.beta_2, **options)
    return SGD(momentum=asked.momentum, nesterov=asked.nesterov and asked.momentum > 0, **options)
