"""How fast one clip is answered in each runtime: one machine, one run, equal threads.

    python benchmarks/runtimes.py --models r3d_18,x3d_s --threads 2
    python benchmarks/runtimes.py --family       every kind of network, tiny: whether it converts, and how near it comes

Each row is a process of its own: the Keras model on torch, eager and compiled, where torch is installed, Keras's
`predict_on_batch` on TensorFlow, the SavedModel in TensorFlow's C++ session, ONNX Runtime, OpenVINO, LiteRT; `four` is
the graph of four axes. A time is the median of several calls with one clip of random pixels, after two that warm up.
The exports are those of `res3d export`, uint8 in and scores out. `bfloat16` is OpenVINO told to compute in it; `int8`
is calibrated on a few made clips, which is enough to know its speed and nothing else. Published torch networks are
measured beside ours by `model_speed.py`. The last column is each time over that of the first row that ran: on a machine
that others use as well it is the one to look at.
"""

import argparse
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))
ROWS = ("torch", "torch_compile", "keras", "saved_model", "onnx", "onnx_four", "onnx_int8", "openvino", "openvino_four",
        "openvino_bfloat16", "openvino_int8", "litert", "litert_four", "litert_int8")
SUFFIX = {"onnx": ".onnx", "openvino": ".xml", "litert": ".tflite"}
MODELS = ("r3d_18", "r2plus1d_18", "slow_r50", "x3d_s", "tsm_r50", "slowfast_r50_4x16")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8")


def processor():
    """Name and the flags that decide how fast bfloat16 and int8 are."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "unknown processor"
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    found = {key.strip(): value.strip() for key, value in lines.items()}
    flags = set(found.get("flags", "").split())
    return f"{found.get('model name', 'unknown')}; {' '.join(flag for flag in FLAGS if flag in flags) or 'no flag'}"


def prepare(folder, name):
    """Writes the network in every form; what a form refuses is said and left out."""
    import res3d
    import serving
    from res3d.layers.pixel_scaling import clip_of
    from serving.exporter.runtimes.eight_bits import int8
    from serving.exporter.runtimes.model_file import FORMATS, export_file
    from serving.verify.known_answers import moving_patterns

    model = res3d.build(name, 400)
    model.save(folder / f"{name}.keras")
    serving.export(model, folder / name, verified=False)
    clips = moving_patterns(4, clip_of(model))
    int8.LEAST = len(clips)
    made = {"": {}, "four": {"axes": 4}, "int8": {"calibration": clips}}
    for kind, (place, options) in itertools.product(FORMATS, made.items()):
        (folder / place).mkdir(exist_ok=True)
        try:
            export_file(model, folder / place / name, format=kind, **({"axes": 5} if not place else {}), **options)
        except (ImportError, ValueError) as error:
            print(f"{name}, {kind} {place}: {error}", file=sys.stderr)


def caller(row, folder, name, threads):
    """A function without arguments that answers one clip, or None where there is nothing to run."""
    import numpy as np

    from res3d.networks.variants.table import variant

    clips = np.random.default_rng(0).integers(0, 256, (1, *variant(name).native_clip.shape), "uint8")
    if row.startswith("torch"):
        return torch_caller(folder / f"{name}.keras", clips, threads, row == "torch_compile")
    if row == "keras":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        import res3d

        model = res3d.load_model(folder / f"{name}.keras")
        model.jit_compile = False
        return lambda: model.predict_on_batch(clips)
    if row == "saved_model":
        from serving.session.csession import CSession

        session = CSession(folder / name / "1", threads=threads)
        return lambda: session.call("serving_default", {"clip": clips}, ["scores", "logits"])
    from serving.session.runtimes.opening import open_file
    from serving.session.runtimes.openvino_session import OpenVinoSession

    kind, _, form = row.partition("_")
    path = folder / (form if form in ("four", "int8") else "") / f"{name}{SUFFIX[kind]}"
    if not path.is_file():
        return None
    session = OpenVinoSession(path, threads, "bfloat16") if row == "openvino_bfloat16" else open_file(path, threads)
    return lambda: session.run(clips)


def torch_caller(path, clips, threads, compiled):
    """The network as Keras runs it on torch; None without torch."""
    try:
        import torch
    except ImportError:
        return None
    import res3d

    torch.set_num_threads(threads)
    model = res3d.load_model(path)
    run = torch.compile(lambda x: model(x, training=False)) if compiled else lambda x: model(x, training=False)
    pixels = torch.from_numpy(clips)

    def call():
        with torch.inference_mode():
            return run(pixels).cpu().numpy()

    return call


def measure(args):
    """Milliseconds of one row, printed as JSON; null where it cannot run here."""
    call = caller(args.row, pathlib.Path(args.folder), args.models[0], args.threads)
    if call is None:
        return print(json.dumps(None))
    times = []
    for _ in range(2):
        call()
    while len(times) < 5 or (len(times) < args.repetitions and sum(times) < 10):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return print(json.dumps(1000 * statistics.median(times)))


def run_row(args, folder, name, row):
    """The same from a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads), "CUDA_VISIBLE_DEVICES": "",
                   "KERAS_BACKEND": "torch" if row.startswith("torch") else "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, HERE, "--row", row, "--folder", folder, "--models", name, "--threads",
                           str(args.threads), "--repetitions", str(args.repetitions)], env=environment,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}, {row}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(args):
    """Prints the table."""
    busy = f"{os.getloadavg()[0]:.1f} running before it"  # above a half, others share the machine
    print(f"{processor()}; {args.threads} threads; ms a clip, and times that of the first; {busy}")
    for name in args.models:
        with tempfile.TemporaryDirectory() as folder:
            prepare(pathlib.Path(folder), name)
            times = [run_row(args, folder, name, row) for row in args.rows]
        first = next((ms for ms in times if ms is not None), None)
        for row, ms in zip(args.rows, times):
            print(f"{name:20}{row:20}" + ("-" if ms is None else f"{ms:9.1f}{ms / first:8.2f}"), flush=True)


def family():
    """Prints how near every kind of network comes to Keras in each runtime, or why it does not convert."""
    import numpy as np
    import tensorflow as tf

    from serving.exporter.network import Network
    from serving.exporter.runtimes.graph import answering
    from serving.exporter.runtimes.model_file import FORMATS
    from serving.session.runtimes.contract import Facts
    from serving.session.runtimes.opening import open_file
    from tests.res3d.catalogue import CLASSES, CLIP, MODELS, pixels, stir, tiny

    clips, texts = pixels(1), Facts(CLIP, ("label",) * CLASSES, {}).to_texts()
    for name in MODELS:
        network, told = Network(stir(tiny(name)), CLIP), []
        logits = network(tf.constant(clips)).numpy()
        for kind, (suffix, write) in FORMATS.items():
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / f"m{suffix}"
                try:
                    write(answering(network, CLIP, False, batch=1), path, texts, network.variables)
                    found = open_file(path).run(clips)["logits"]
                    told.append(f"{kind} {np.abs(found - logits).max() / np.ptp(logits):.0e}")
                except ValueError as error:
                    told.append(f"{kind} no: {error}")
        print(f"{name:26}", "  ".join(told), flush=True)


def main():
    def names(text):
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=names, default=MODELS)
    parser.add_argument("--rows", type=names, default=ROWS)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--family", action="store_true", help="whether every kind converts")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if args.family:
        return family()
    return measure(args) if args.row else compare(args)


if __name__ == "__main__":
    main()
