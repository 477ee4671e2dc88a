"""What Keras keeps private and the project cannot do without, each in this one place. Tried on Keras 3.15.1."""

import collections

from keras import ops


def layers_inside(layer, include_self=True):
    """Every layer in a layer or model, however deep, each before those inside it.

    `Model.layers` is public and names those at the top alone.
    """
    return layer._flatten_layers(include_self=include_self)


def named_layers_inside(layer, above=""):
    """(path, layer) of every layer inside a layer, however deep, each before those inside it.

    A path is made of the layers' names, such as "conv_a/norm"; the second of two with one name ends in "#1".
    """
    seen = collections.Counter()
    for child in layer._layers:
        path = f"{above}{child.name}" + (f"#{seen[child.name]}" if seen[child.name] else "")
        seen[child.name] += 1
        yield path, child
        yield from named_layers_inside(child, f"{path}/")


def variable_index(optimizer, variable):
    """The place of `variable` among those that `optimizer` was built for."""
    return optimizer._get_variable_index(variable)


def averaged_variables(optimizer):
    """(variable, its moving average) of an optimizer that keeps averages, `use_ema`."""
    return list(zip(optimizer._trainable_variables, optimizer._model_variables_moving_average))


class OwnAverages:
    """To be mixed into an optimizer: `average_kept` decides what a moving average keeps, None being Keras's own way."""

    def average_kept(self):
        """The share of the old average that a step keeps, a number or a tensor, or None."""

    def _update_model_variables_moving_average(self, trainable_variables):
        kept = self.average_kept() if self.use_ema else None
        if kept is None:
            super()._update_model_variables_moving_average(trainable_variables)
            return
        kept = ops.where(ops.equal(self.iterations, 0), 0.0, kept)
        for variable, average in zip(trainable_variables, self._model_variables_moving_average):
            if average is not None:
                share = ops.cast(kept, variable.dtype)
                average.assign(share * ops.convert_to_tensor(average) + (1 - share) * ops.convert_to_tensor(variable))


def producer(tensor):
    """(operation, its input tensors, which of its outputs) that made a symbolic tensor of a functional model."""
    operation, node, index = tensor._keras_history
    return operation, operation._inbound_nodes[node].input_tensors, index


def train_by(model, step):
    """Has `fit` of a compiled model, on TensorFlow, call `step(iterator)` for each batch, until it is compiled anew."""
    model.train_function = step
