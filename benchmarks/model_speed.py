"""How fast the networks run beside torch: forward pass and training step, float32 and bfloat16, in one run.

    python benchmarks/model_speed.py --torch-python VENV/bin/python   torch lives in another environment
    python benchmarks/model_speed.py --models r3d_18,x3d_m --batch 1 --dtypes float32

Each side runs in a process of its own, one after the other, on the same number of threads: this package on TensorFlow
(`--backend jax` on a GPU, where torch runs through `torch.compile`). A time is the best of several repetitions, per
clip. `peak` is the fraction of the fastest square matrix product measured on the same machine with the same dtype, of
either library, that the forward pass reaches. torchvision gives its own r3d_18, mc3_18 and r2plus1d_18, pytorchvideo,
where it is installed, slow_r50 and X3D.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))
MODELS = ("r3d_18", "mc3_18", "r2plus1d_18", "slow_r50", "x3d_s", "x3d_m")


def best_seconds(call, repetitions, wait=lambda result: result, budget=5.0):
    """Shortest of several calls after one that warms up, at least two, no more begun once `budget` seconds are spent.

    `wait` blocks until the device is done.
    """
    wait(call())
    times = []
    while len(times) < 2 or (len(times) < repetitions and sum(times) < budget):
        start = time.perf_counter()
        wait(call())
        times.append(time.perf_counter() - start)
    return min(times)


def measure_keras(args):
    """Yields one result a line: the matrix product, then each network."""
    import keras
    import numpy as np

    import res3d
    from res3d.networks.variants.table import variant

    on_jax = keras.backend.backend() == "jax"
    if on_jax:
        import jax

        compiled, wait = jax.jit, jax.block_until_ready
    else:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(args.threads)
        compiled, wait = tf.function, lambda result: result
    for dtype in args.dtypes:
        side = args.matrix
        a = keras.ops.cast(np.random.default_rng(0).normal(size=(side, side)), dtype)
        product = compiled(keras.ops.matmul)
        yield {"what": "peak", "dtype": dtype, "macs": side**3 / best_seconds(lambda: product(a, a), 5, wait)}  # noqa: B023
        for name in args.models:
            policy = dtype if dtype == "float32" else f"mixed_{dtype}"
            row = variant(name)
            model = res3d.build(name, 400, dtype=policy)
            clips = np.random.default_rng(0).integers(0, 256, (args.batch, *model.input_shape[1:]), "uint8")
            if on_jax:
                state = [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]
                forward = jax.jit(lambda x, state, model=model: model.stateless_call(*state, x, training=False)[0])
                on_device = jax.device_put(clips)
                seconds = best_seconds(lambda: forward(on_device, state), args.repetitions, wait)  # noqa: B023
            else:
                forward = tf.function(lambda x, model=model: model(x, training=False), autograph=False)
                on_device = tf.constant(clips)
                seconds = best_seconds(lambda: forward(on_device), args.repetitions)  # noqa: B023
            model.compile(keras.optimizers.SGD(0.01, 0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
            labels = np.zeros(args.batch, "int32")
            step = None if args.no_training else best_seconds(
                lambda: model.train_on_batch(clips, labels), args.repetitions)  # noqa: B023
            yield {"what": name, "dtype": dtype, "forward": seconds / args.batch, "gmacs": row.gmacs,
                   "step": step and step / args.batch}


def torch_model(name):
    """(module, input shape without batch) of the original implementation, or None where its package is missing."""
    from tests.golden.originals.whole_torchvision import torchvision_here

    torchvision = torchvision_here()
    if name in ("r3d_18", "mc3_18", "r2plus1d_18"):
        return getattr(torchvision.models.video, name)(), (3, 16, 112, 112)
    try:
        from pytorchvideo.models import hub, slowfast
    except ImportError:
        return None
    if name == "slowfast_r50_4x16":  # of which it has the builder, and the 8x8 alone by name
        return slowfast.create_slowfast(
            slowfast_fusion_conv_stride=(8, 1, 1), slowfast_fusion_conv_kernel_size=(5, 1, 1),
            head_pool_kernel_sizes=((4, 7, 7), (32, 7, 7))), (3, 32, 224, 224)
    sizes = {"slow_r50": (3, 8, 224, 224), "x3d_s": (3, 13, 160, 160), "x3d_m": (3, 16, 224, 224),
             "x3d_xs": (3, 4, 160, 160)}
    return (getattr(hub, name)(pretrained=False), sizes[name]) if name in sizes else None


def measure_torch(args):
    """The same on torch, each network in the faster of its two memory layouts, on a GPU in that with channels last."""
    import torch

    torch.set_num_threads(args.threads)
    gpu = torch.cuda.is_available()
    device = "cuda" if gpu else "cpu"
    torch.backends.cudnn.benchmark = gpu  # as JAX does, it tries what cuDNN has
    wait = (lambda result: torch.cuda.synchronize()) if gpu else (lambda result: result)
    for dtype in args.dtypes:
        kind = getattr(torch, dtype)
        a = torch.randn(args.matrix, args.matrix, device=device).to(kind)
        yield {"what": "peak", "dtype": dtype, "macs": args.matrix**3 / best_seconds(lambda: a @ a, 5, wait)}  # noqa: B023
        for name in args.models:
            made = torch_model(name)
            if made is None:
                continue
            layouts = [torch.channels_last_3d] if gpu else [torch.contiguous_format, torch.channels_last_3d]
            results = [_time_torch(*made, layout, kind, device, wait, args) for layout in layouts]
            forward, step = (min(r[i] for r in results) if results[0][i] else None for i in (0, 1))
            yield {"what": name, "dtype": dtype, "forward": forward, "step": step}


def _time_torch(module, shape, layout, kind, device, wait, args):
    import torch

    module = module.to(device).to(memory_format=layout)
    run = torch.compile(module) if device == "cuda" else module
    clips = torch.randn(args.batch, *shape, device=device).to(memory_format=layout)
    labels = torch.zeros(args.batch, dtype=torch.long, device=device)
    optimizer = torch.optim.SGD(module.parameters(), 0.01, 0.9)
    low = torch.autocast(device, kind, enabled=kind != torch.float32)

    def forward():
        with torch.inference_mode(), low:
            return run(clips)

    def step():
        optimizer.zero_grad()
        with low:
            loss = torch.nn.functional.cross_entropy(run(clips), labels)
        loss.backward()
        optimizer.step()

    module.eval()
    seconds = best_seconds(forward, args.repetitions, wait)
    module.train()
    training = None if args.no_training else best_seconds(step, args.repetitions, wait)
    return seconds / args.batch, training and training / args.batch


def worker(side, python, args):
    """Runs one side in a process of its own; its results, or an empty list with the reason on stderr."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads), "TF_CPP_MIN_LOG_LEVEL": "3"}
    if side == "keras" and args.backend:
        environment["KERAS_BACKEND"] = args.backend
    run = subprocess.run([python, HERE, *sys.argv[1:], "--worker", side], env=environment, stdout=subprocess.PIPE,
                         text=True, check=False)
    if run.returncode:
        print(f"({side} did not run in {python})", file=sys.stderr)
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def report(args, ours, theirs):
    """The table: milliseconds a clip, ratio to torch (below 1 is faster here), fraction of the measured peak."""
    peaks = {dtype: max((r["macs"] for r in ours + theirs if r["what"] == "peak" and r["dtype"] == dtype), default=0)
             for dtype in args.dtypes}
    other = {(r["what"], r["dtype"]): r for r in theirs}
    print(f"{args.threads} threads, batch {args.batch}, best of {args.repetitions}; milliseconds a clip")
    for dtype, macs in peaks.items():
        print(f"matrix product of {args.matrix} in {dtype}: {macs / 1e9:.0f} GMAC/s")
    print(f"{'network':<14}{'dtype':<10}{'forward':>9}{'torch':>9}{'ratio':>7}{'peak':>7}"
          f"{'step':>9}{'torch':>9}{'ratio':>7}")
    for row in ours:
        if row["what"] == "peak":
            continue
        peer = other.get((row["what"], row["dtype"]), {})
        peak = row["gmacs"] * 1e9 / row["forward"] / peaks[row["dtype"]]
        print(f"{row['what']:<14}{row['dtype']:<10}{_ms(row['forward'])}{_ms(peer.get('forward'))}"
              f"{_ratio(row['forward'], peer.get('forward'))}{peak:>7.0%}"
              f"{_ms(row['step'])}{_ms(peer.get('step'))}{_ratio(row['step'], peer.get('step'))}")


def _ms(seconds):
    return f"{'-':>9}" if seconds is None else f"{seconds * 1e3:>9.1f}"


def _ratio(ours, theirs):
    return f"{'-':>7}" if not ours or not theirs else f"{ours / theirs:>7.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    split = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--models", type=split, default=list(MODELS))
    parser.add_argument("--dtypes", type=split, default=["float32", "bfloat16"])
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--matrix", type=int, default=2048, help="side of the matrix product that stands for the peak")
    parser.add_argument("--backend", choices=["tensorflow", "jax", "torch"], help="Keras backend of this package")
    parser.add_argument("--no-training", action="store_true", help="forward passes only")
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has torch and torchvision")
    parser.add_argument("--worker", choices=["keras", "torch"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        for result in measure_keras(args) if args.worker == "keras" else measure_torch(args):
            print(json.dumps(result), flush=True)
            print(args.worker, result["what"], result["dtype"], file=sys.stderr, flush=True)
        return
    report(args, worker("keras", sys.executable, args), worker("torch", args.torch_python, args))


if __name__ == "__main__":
    main()
