"""A model that trains at clips of several shapes through `fit`."""

import keras

from res3d.private_keras import train_by


def train_at_any_shape(model):
    """Has a compiled functional model take clips of any shape in `fit`, each shape compiled once.

    Keras on TensorFlow compiles a step for what all batches of a dataset have in common, where networks with several
    pathways do not know how many frames they see. What is saved of the model holds none of it.
    """
    channels = model.input_shape[-1]
    model.input_spec = [keras.layers.InputSpec(ndim=len(model.input_shape), axes={-1: channels})]
    if keras.backend.backend() == "tensorflow":
        train_by(model, steps_by_shape(model))


def steps_by_shape(model):
    """Function of an iterator of batches that takes one step, by a graph made for all batches of a clip's shape."""
    import tensorflow as tf  # not where another backend computes

    def step(batch):
        return model.train_step(batch)

    made = {}

    def take(iterator):
        batch = next(iterator)
        specs = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in batch)
        if specs not in made:
            made[specs] = tf.function(step, input_signature=(specs,), jit_compile=model.jit_compile, autograph=False)
        return made[specs](batch)

    take.made = made
    return take
