"""Where training runs: one device, several of one host, or several processes; and whether it repeats exactly."""

import contextlib
import warnings

import keras
import numpy as np

from res3d.training.losses import make_loss, make_metrics


@contextlib.contextmanager
def scope(devices, batch_size, accumulate=1):
    """The scope to build and compile in: `MirroredStrategy` over `devices` of this host, or nothing when None.

    Args:
        devices: None, a count, or "all".
        batch_size: int. Must divide over the devices.
        accumulate: int. Batches that make one update.

    Raises:
        ValueError: if there are fewer devices, the batch does not divide, or these devices, which Keras then lets
            exchange gradients at certain steps only, cannot do so.
    """
    if devices is None:
        yield
        return
    if keras.backend.backend() != "tensorflow":
        raise ValueError("`--devices` needs the TensorFlow backend; with JAX, every process takes one device: use "
                         f"--coordinator, --process_id and --process_count. Received: {keras.backend.backend()}.")
    import tensorflow as tf  # not where another backend computes

    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    try:
        count = len(names) if devices == "all" else int(devices)
    except ValueError:
        raise ValueError(f"`--devices` must be a number or 'all'. Received: {devices!r}.") from None
    if not 1 <= count <= len(names):
        raise ValueError(f"`--devices` must be 1 to {len(names)}, the number of {kind}s here. Received: {devices!r}.")
    if batch_size % count:
        raise ValueError(f"`data.batch_size` must divide over {count} devices. Received: data.batch_size={batch_size}.")
    with tf.distribute.MirroredStrategy(names[:count]).scope():
        if accumulate > 1 and not tf.__internal__.distribute.strategy_supports_no_merge_call():
            raise ValueError("`optimizer.accumulate` must be 1 with --devices on this host, which exchanges gradients "
                             f"at every step. Received: optimizer.accumulate={accumulate}. Set it to 1, with a larger "
                             "data.batch_size, or leave out --devices.")
        yield


def whole_batches(clips, batch_size):
    """`clips` with every batch full, so that each of several devices has its share of clips.

    Batch norm over a share without clips is NaN, and shares of several sizes cannot be told Keras in the first batch. A
    last batch that is smaller is filled up with its own clips, which then count more than once in that step.

    Args:
        clips: function (epoch, step) -> `tf.data.Dataset` of (clips, labels).
        batch_size: int.

    Returns:
        function as `clips`.
    """
    import tensorflow as tf

    def filled(*batch):
        count = tf.shape(batch[0])[0]
        places = tf.range(batch_size) % count
        full = tf.cond(count == batch_size, lambda: batch, lambda: tuple(tf.gather(part, places) for part in batch))
        return tuple(tf.ensure_shape(part, (batch_size, *part.shape[1:])) for part in full)

    return lambda epoch, step: clips(epoch, step).map(filled)


def join(coordinator, process_id, process_count):
    """Joins the other processes of a run on the JAX backend and shares every batch among them."""
    if keras.backend.backend() != "jax":
        raise ValueError("Several processes train together on the JAX backend only: set KERAS_BACKEND=jax. "
                         f"Received: {keras.backend.backend()}.")
    if not 0 <= process_id < process_count:
        raise ValueError(f"`--process_id` must be 0 to {process_count - 1}, one for each of {process_count} processes. "
                         f"Received: {process_id}.")
    if coordinator is None:
        raise ValueError("`--coordinator` must be HOST:PORT of process 0 when processes train together. Received none.")
    keras.distribution.initialize(coordinator, process_count, process_id)
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))


def agree(up):
    """Process 0's answer to whether the time is up, in every process: those that step together stop together."""
    from jax.experimental import multihost_utils

    return bool(multihost_utils.broadcast_one_to_all(up))


def be_deterministic(precision="float32"):
    """Makes every operation give the same numbers when it is repeated, on the backends that can be told so.

    Args:
        precision: str. A dtype policy of Keras.

    Raises:
        ValueError: for half precision on a CPU, where the order of a sum depends on the machine and its threads.
    """
    backend = keras.backend.backend()
    if precision != "float32" and accelerator() is None:
        raise ValueError("`--deterministic` needs precision=float32 on a CPU, whose kernels for half precision do not "
                         f"add in a fixed order. Received: precision={precision}. Set precision=float32, or leave out "
                         "--deterministic.")
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif backend == "torch":
        import torch

        torch.use_deterministic_algorithms(True)


def accelerator():
    """Name of the first processor beside the CPU that the backend sees, or None."""
    if keras.backend.backend() == "jax":
        import jax

        found = [device for device in jax.devices() if device.platform != "cpu"]
        return str(found[0].device_kind) if found else None
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU") if found else None


def evaluator(model, recipe):
    """Function of validation batches -> {name: figure}, in which every video counts once on any number of devices.

    Call it outside of a strategy's scope.
    """
    strategy = getattr(model, "distribute_strategy", None)  # which models of other backends lack
    if strategy is None or strategy.num_replicas_in_sync == 1:
        return lambda validation: _evaluated(model, validation)
    single = on_one(model, recipe)
    return lambda validation: evaluate_on_all(model, single, validation, recipe.data.batch_size)


def _evaluated(model, validation):
    with warnings.catch_warnings():
        # A batch of which no video can be read is left out, and it is known of it only when it is due.
        warnings.filterwarnings("ignore", "Your input ran out of data", UserWarning)
        return model.evaluate(validation, return_dict=True, verbose=0)


def on_one(model, recipe):
    """The same network, compiled to measure the same, on one device; call it outside of a strategy's scope."""
    single = keras.models.clone_model(model)
    single.compile(loss=make_loss(recipe), metrics=make_metrics(recipe, model.output_shape[-1]), jit_compile=recipe.xla)
    return single


def evaluate_on_all(model, single, validation, batch_size):
    """The figures of all batches: full ones are shared by the devices of `model`, what is left goes to one.

    Args:
        model: compiled `keras.Model` on several devices.
        single: the same on one, as `on_one` makes it; it is given the weights.
        validation: `tf.data.Dataset` of (clips, labels), of which the last batch may be smaller.
        batch_size: int. Divides over the devices.

    Returns:
        {name: figure}, as `model.evaluate(return_dict=True)` gives it.
    """
    count = _full_batches(validation, batch_size)
    if not count:
        single.set_weights(model.get_weights())
        return single.evaluate(validation, return_dict=True, verbose=0)
    rest: list = []
    found = model.evaluate(_full(validation, count, rest), steps=count, return_dict=True, verbose=0)
    if not rest:
        return found
    single.set_weights(model.get_weights())
    single.evaluate(*rest[0], batch_size=batch_size, verbose=0)
    for mine, others in zip(single.metrics_variables, model.metrics_variables, strict=True):
        mine.assign(np.array(mine) + np.array(others))  # sums and counts, all of them
    return {name: float(value) for name, value in single.get_metrics_result().items()}


def _full_batches(validation, batch_size):
    """How many batches are full: Keras has to be told, as it counts one more where several devices find out."""
    videos = getattr(validation, "videos", None)  # exact, unlike `num_videos` of those not read yet
    return sum(len(batch[0]) == batch_size for batch in validation) if videos is None else len(videos) // batch_size


def _full(validation, count, rest):
    """`tf.data.Dataset` of the first `count` batches; what follows them is put into the list `rest`."""
    import tensorflow as tf

    def whole():  # from the start each time, as Keras looks at a batch before it evaluates
        batches = iter(validation)
        for number, batch in zip(range(1, count + 1), batches):
            if number == count:
                rest[:] = batches
            yield batch

    signature = tuple(tf.TensorSpec(part.shape, part.dtype) for part in validation.element_spec)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return tf.data.Dataset.from_generator(whole, output_signature=signature).with_options(options)
