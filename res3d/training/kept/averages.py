"""A model that holds, for a time, the moving averages of its weights."""

from keras import ops

from res3d.private_keras import averaged_variables


class averaged_weights:  # noqa: N801 - reads as the statement it stands in
    """With it, the model holds the moving averages of its weights; after it, the weights themselves again.

    Does nothing when the optimizer keeps no averages, or has not made a step yet.
    """

    def __init__(self, model):
        self.model = model
        optimizer = model.optimizer
        self.optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        self.kept = None

    def __enter__(self):
        if self.optimizer.use_ema and int(ops.convert_to_numpy(self.optimizer.iterations)):
            averaged = averaged_variables(self.optimizer)
            self.kept = [(variable, ops.copy(variable.value)) for variable, _ in averaged]
            for variable, average in averaged:
                variable.assign(ops.copy(average.value))  # JAX gives its compiled steps what a variable holds
        return self.model

    def __exit__(self, *error):
        for variable, value in self.kept or ():
            variable.assign(value)
