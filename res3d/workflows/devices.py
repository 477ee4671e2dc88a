"""Where training runs: one device, several of one host, or several processes; and whether it repeats exactly."""

import contextlib

import keras


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


def be_deterministic():
    """Makes every operation give the same numbers when it is repeated, on the backends that can be told so."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
