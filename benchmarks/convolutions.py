"""What a training step spends its time on: one convolution of several networks, forward and its two gradients.

    PYTHONPATH=. python benchmarks/convolutions.py [--dtypes bfloat16 float32] [--threads=1] [--torch-python=PYTHON]

Milliseconds of processor time, the least of five turns that the ways take one after the other. `kernel` is the gradient
of the kernel as TensorFlow computes it; `by taps` is the same as 2D ones over the taps in time, which networks have on
JAX, `in float32` the same of numbers that are cast first: rewrites to use were they faster. `torch` is torch's
gradient of the kernel, in the faster of its two layouts.
"""

import argparse
import json
import os
import subprocess
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROWS = {  # name: clips, frames, height, width and channels that come in; filters; strides
    "r3d_18 stem": ((2, 16, 112, 112, 3), 64, (1, 2, 2)),
    "r3d_18 stage1": ((2, 16, 56, 56, 64), 64, (1, 1, 1)),
    "r3d_18 stage2": ((2, 8, 28, 28, 128), 128, (1, 1, 1)),
    "r3d_18 stage3": ((2, 4, 14, 14, 256), 256, (1, 1, 1)),
    "plain3d_5 stem": ((16, 32, 60, 80, 2), 16, (1, 2, 2)),
    "plain3d_5 stage1": ((16, 32, 30, 40, 16), 32, (1, 1, 1)),
    "plain3d_5 stage2": ((16, 16, 15, 20, 32), 64, (1, 1, 1)),
}
TAPS, TURNS = (3, 3, 3), 5
WAYS = ("forward", "input", "kernel", "by taps", "in float32")


def least(calls):
    """Milliseconds of processor time of each call."""
    best = [float("inf")] * len(calls)
    for turn in range(TURNS + 1):  # the first warms up
        for place, call in enumerate(calls):
            began = time.process_time()
            call()
            took = time.process_time() - began
            best[place] = min(best[place], took) if turn else best[place]
    return [1000 * seconds for seconds in best]


def by_taps(x, kernel, out, strides):
    """The gradient of the kernel of `convolution_by_taps`, which JAX has on a CPU."""
    import tensorflow as tf

    from res3d.layers.backends.taps import convolution_by_taps

    pads = []
    for size, taps, stride, count in zip(x.shape[1:4], TAPS, strides, out.shape[1:4]):
        total = max((count - 1) * stride + taps - size, 0)
        pads.append((total // 2, total - total // 2))
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        y = convolution_by_taps(x, kernel, strides, pads)
    return tape.gradient(y, kernel, out)


def ours(dtype, shape, filters, strides):
    """Milliseconds of each of `WAYS`."""
    import tensorflow as tf

    sizes, steps = [*TAPS, shape[-1], filters], [1, *strides, 1]
    x, kernel = (tf.cast(tf.random.normal(each), dtype) for each in (shape, sizes))
    out = tf.cast(tf.random.normal(tf.nn.conv3d(x, kernel, steps, "SAME").shape), dtype)

    def gradient(x, out):
        return tf.raw_ops.Conv3DBackpropFilterV2(input=x, filter_sizes=sizes, out_backprop=out, strides=steps,
                                                 padding="SAME")

    calls = (lambda: tf.nn.conv3d(x, kernel, steps, "SAME"),
             lambda: tf.raw_ops.Conv3DBackpropInputV2(input_sizes=shape, filter=kernel, out_backprop=out,
                                                      strides=steps, padding="SAME"),
             lambda: gradient(x, out),
             lambda: by_taps(x, kernel, out, strides),
             lambda: tf.cast(gradient(tf.cast(x, "float32"), tf.cast(out, "float32")), dtype))
    graphs = [tf.function(call, autograph=False) for call in calls]
    tf.debugging.assert_near(tf.cast(graphs[2](), "float32"), tf.cast(graphs[3](), "float32"), atol=1.0, rtol=0.05)
    return least(graphs)


def torchs(threads, dtype):
    """Prints milliseconds of torch's gradient of the kernel, of all rows; for a Python that has torch alone."""
    import torch

    torch.set_num_threads(threads)
    found = []
    for (batch, *sizes, channels), filters, strides in ROWS.values():
        calls = []
        for order in (torch.contiguous_format, torch.channels_last_3d):
            x, kernel = (torch.randn(shape).to(getattr(torch, dtype)).to(memory_format=order)
                         for shape in ((batch, channels, *sizes), (filters, channels, *TAPS)))
            out = torch.randn_like(torch.nn.functional.conv3d(x, kernel, stride=strides, padding=1))
            calls.append(lambda x=x, kernel=kernel, out=out, strides=strides: torch.ops.aten.convolution_backward(
                out, x, kernel, None, strides, [1] * 3, [1] * 3, False, [0] * 3, 1, [False, True, False]))
        found.append(min(least(calls)))
    print(json.dumps(found))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float32"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--torch-python", help="a Python with torch")
    parser.add_argument("--torch", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.torch:
        return torchs(args.threads, *args.dtypes)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    for dtype in args.dtypes:
        beside = [None] * len(ROWS)
        if args.torch_python:
            beside = json.loads(subprocess.run([args.torch_python, __file__, "--torch", f"--threads={args.threads}",
                                                "--dtypes", dtype], check=True, stdout=subprocess.PIPE).stdout)
        print(f"{dtype:18}" + "".join(f"{way:>12}" for way in (*WAYS, "torch")))
        for (name, row), its in zip(ROWS.items(), beside):
            times = [*ours(dtype, *row), its]
            print(f"{name:18}" + "".join(f"{ms:12.1f}" for ms in times if ms is not None), flush=True)
    return None


if __name__ == "__main__":
    main()
