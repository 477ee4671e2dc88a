"""A device that is out of memory: recognised on any backend, and answered with a batch that fits."""

import contextlib
import gc

import numpy as np

from res3d.training.callbacks import TrainingError

_SIGNS = ("resource_exhausted", "resourceexhausted", "out of memory", "outofmemory", "oom when allocating")


def is_out_of_memory(error):
    """Whether an exception of TensorFlow, JAX or torch says that a device's memory did not suffice.

    >>> is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: failed to allocate")), is_out_of_memory(ValueError("rank"))
    (True, False)
    """
    said = f"{type(error).__name__} {error}".lower()
    return isinstance(error, MemoryError) or any(sign in said for sign in _SIGNS)


def fitting_batch(model, recipe, batch_size):
    """The largest half, quarter, ... of `batch_size` for which one step of training runs; 0 if none does."""
    labels_shape = (model.output_shape[-1],) if recipe.loss.multi_label else ()
    while batch_size > 1:
        batch_size //= 2
        gc.collect()
        try:
            model.train_on_batch(np.zeros((batch_size, *recipe.clip.shape), "uint8"),
                                 np.zeros((batch_size, *labels_shape), "int32"))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        else:
            return batch_size
    return 0


@contextlib.contextmanager
def explained(model, recipe):
    """Turns an out-of-memory error inside it into one that names a batch size that was tried and fits."""
    try:
        yield
        return
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
    # Outside the handler: the traceback holds the tensors of the failed step.
    size = recipe.data.batch_size
    fits = fitting_batch(model, recipe, size)
    if not fits:
        advice = "Not even one clip fits: use a smaller clip or network, or precision=mixed_bfloat16"
    else:
        advice = (f"{fits} fit: --set data.batch_size={fits} --set optimizer.accumulate="
                  f"{recipe.optimizer.accumulate * -(-size // fits)} trains the same")
    if not recipe.model.recompute_blocks:
        advice += "; --set model.recompute_blocks=true keeps less of each clip, if the network has residual blocks"
    raise TrainingError(f"A step of {size} clips of {'x'.join(map(str, recipe.clip.shape))} must fit into the device's "
                        f"memory, and does not ({first}). {advice}.")
