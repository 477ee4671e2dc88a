"""How kernels begin and what their size costs: the two arguments that layers with convolutions hand on to them."""

import keras

Initializer = str | dict | keras.initializers.Initializer | None
Regularizer = str | dict | keras.regularizers.Regularizer | None


def kernel_arguments(initializer, regularizer):
    """Both arguments as objects, under their names; None stays None.

    >>> kernel_arguments("ones", None)["kernel_initializer"].__class__.__name__
    'Ones'
    """
    return {"kernel_initializer": keras.initializers.get(initializer),
            "kernel_regularizer": keras.regularizers.get(regularizer)}


def kernel_config(layer):
    """Both, of a layer that has them as attributes, as `get_config` gives them back."""
    return {"kernel_initializer": keras.initializers.serialize(layer.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(layer.kernel_regularizer)}


def fresh(initializer):
    """The initializer anew: one without a seed gives every layer that shares it the same numbers.

    >>> shared = keras.initializers.RandomNormal()
    >>> bool(keras.ops.all(fresh(shared)((8,)) == fresh(shared)((8,))))
    False
    """
    return initializer.clone() if isinstance(initializer, keras.initializers.Initializer) else initializer
