"""What sharing a batch costs: the same clips a step on one device, on several of a host, and in several processes.

    PYTHONPATH=. python benchmarks/scaling.py [--network=r3d_10] [--batch=8] [--steps=6] [--jax-python=PYTHON]

Devices are logical ones of one CPU, and processes share its cores: nothing gets faster here, and what the work takes
beyond that of one device is the price of sharing it. `core seconds` are of all threads and processes, a step, the first
two left out, and what a busy machine changes little; `ratio` is to one device, or one process, of the same backend. The
`loss` is the mean over all steps, which are of one batch from the same weights, and must agree within a backend.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time

WARM = 2
ROWS = (("tensorflow", "devices", 1), ("tensorflow", "devices", 2), ("tensorflow", "devices", 4),
        ("jax", "processes", 1), ("jax", "processes", 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--network", default="r3d_10")
    for name, number in (("batch", 8), ("frames", 8), ("size", 56), ("steps", 6)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--jax-python", help="a Python that has jax; without one its rows are left out")
    parser.add_argument("--share", help=argparse.SUPPRESS)  # what one process of a row does, as JSON
    args = parser.parse_args()
    if args.share is not None:
        print(json.dumps(step(args, **json.loads(args.share))))
        return
    print(f"{args.network}, {args.batch} clips of {args.frames}x{args.size}x{args.size} a step, norms synchronized; "
          f"{len(os.sched_getaffinity(0))} cores")
    print(f"{'backend':12}{'shared by':14}{'core seconds':>14}{'ratio':>8}{'loss':>9}")
    alone = {}
    for backend, kind, count in ROWS:
        if backend == "jax" and args.jax_python is None:
            continue
        found = row(args, backend, kind, count)
        seconds = sum(part["core_seconds"] for part in found)
        alone.setdefault(backend, seconds)
        print(f"{backend:12}{f'{count} {kind}':14}{seconds:14.2f}{seconds / alone[backend]:8.2f}"
              f"{found[0]['loss']:9.4f}", flush=True)


def row(args, backend, kind, count):
    """What each process of a row found."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    shares = [{"devices": count}] if kind == "devices" else [
        {"processes": count, "index": index, "coordinator": address} for index in range(count)]
    python = args.jax_python if backend == "jax" else sys.executable
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    started = [subprocess.Popen([python, __file__, *sys.argv[1:], f"--share={json.dumps(share)}"], text=True,
                                stdout=subprocess.PIPE, env=environment) for share in shares]
    said = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit(f"{count} {kind} of {backend} did not come to an end.")
    return [json.loads(text.splitlines()[-1]) for text in said]


def step(args, devices=None, processes=1, index=0, coordinator=None):
    """Core seconds of a step of one process, and the loss of the last."""
    import keras
    import numpy as np
    import tensorflow as tf

    from res3d.geometry import ClipSpec
    from res3d.layers.norm import synchronize_norms
    from res3d.networks.network import build
    from res3d.workflows.devices import join, scope

    if devices is not None:
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                                   [tf.config.LogicalDeviceConfiguration()] * devices)
    if processes > 1:
        join(coordinator, index, processes)
    keras.utils.set_random_seed(0)
    clip = ClipSpec(frames=args.frames, height=args.size, width=args.size, resize=args.size)
    with scope(devices if devices != 1 else None, args.batch):
        model = build(args.network, 10, clip, dropout=0.0)
        if devices not in (None, 1):
            synchronize_norms(model)
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    clips = np.random.default_rng(0).integers(0, 256, (args.batch, *clip.shape), "uint8")[index::processes]
    labels = (np.arange(args.batch, dtype="int32") % 10)[index::processes]
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    data = tf.data.Dataset.from_tensors((clips, labels)).repeat(WARM + args.steps).with_options(options)
    clock = _clock()
    history = model.fit(data, verbose=0, shuffle=False, callbacks=[clock]).history
    return {"core_seconds": (clock.at[-1] - clock.at[WARM - 1]) / args.steps, "loss": float(history["loss"][0])}


def _clock():
    """A callback that notes the processor time after each batch."""
    import keras

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.at = []

        def on_train_batch_end(self, batch, logs=None):
            self.at.append(time.process_time())

    return Clock()


if __name__ == "__main__":
    main()
