"""How fast one clip is answered in each runtime: one machine, one run, equal threads, rows taking turns.

    python benchmarks/runtimes.py --models r3d_18,x3d_s --threads 2
    python benchmarks/runtimes.py --answer VIDEO --models tsm_r50,x3d_s,r3d_18
    python benchmarks/runtimes.py --family       every kind of network, tiny: whether it converts, and how near it comes
    python benchmarks/runtimes.py --published    the sizes that phones are for, in LiteRT and four axes: the same

Each row is a process of its own, and all of a network's live at once and are asked in turns, so that a slow moment of
the machine falls on all; a time is the median over turns of the fastest of three calls. `torch` is the original of
torchvision or pytorchvideo (`--torch-python` names an interpreter that has them) in the faster of two layouts of
memory; what has no original (tsm_r50) is ours on Keras's torch backend. `keras` is `predict_on_batch` on
TensorFlow, `saved_model` the export in TensorFlow's C++ session; `four` is the graph of four axes. Files are those of
`res3d export --batch=1`, uint8 in and scores out. `bfloat16` is OpenVINO told to compute in it, or torch's autocast,
eager; ONNX Runtime and LiteRT have none on this kind of processor. `int8` is calibrated on two made clips, which is
enough to know its speed and nothing else. `torch` in the table is a time over that of torch's fastest row in float32:
below 1 is faster. `float32` is how many times as fast int8 and bfloat16 are as the fastest float32 of their runtime.

With `--answer` a turn is the whole way from a video file to its five best labels, one clip from its middle as
`res3d predict --protocol=centre` takes it, split into decoding, network and rest.

What is done is kept in `--folder`, files and times; a run that was stopped goes on there.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from benchmarks.runtime import files, rows  # noqa: E402
from benchmarks.runtime.asked import CLOCKS, Asked, answer_turns, in_turns, timed  # noqa: E402
from benchmarks.runtime.whole_answer import answered  # noqa: E402

MODELS = ("x3d_s", "r3d_18", "tsm_r50", "r2plus1d_18", "slow_r50", "slowfast_r50_4x16")
ANSWERING = ("keras", "saved_model", "onnx_four", "onnx_int8", "openvino", "openvino_bfloat16", "openvino_int8",
             "litert_four", "litert_int8")
PUBLISHED = ("x3d_xs", "x3d_s", "x3d_m", "x3d_l", "tsm_r50", "r3d_18", "r3d_34", "r2plus1d_18", "vmz_r2plus1d_34",
             "r2plus1d_r50", "slow_r50", "slow_r50_4x16", "slow_r101")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
STARTING = 4  # processes at once
PARTS = ("decode", "network", "rest")


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


def run_row(args):
    """The process of a row: warms up, and answers turns."""
    import numpy as np

    name, folder = args.models[0], files.folder_of(args, args.models[0])
    found = rows.caller(args.row, name, folder, args.threads)
    if found is None:
        return None
    call, shape = found
    clips = np.random.default_rng(0).integers(0, 256, (1, *shape), "uint8")
    for _ in range(2):
        call(clips)
    if not args.answer:
        return answer_turns(timed(call, clips, CLOCKS[args.clock]))
    from res3d.geometry import ClipSpec

    clip = ClipSpec.from_json((folder / f"{name}.json").read_text(encoding="utf-8"))
    return answer_turns(answered(call, clip, args.answer, CLOCKS[args.clock]))


def start(args, name, row):
    """The warm process of a row, or None with the reason on stderr."""
    on_torch = rows.ROWS[row].kind == "torch"
    command = [HERE, "--row", row, "--models", name, "--folder", args.folder, "--threads", args.threads,
               "--clock", args.clock, *(["--answer", args.answer] if args.answer else [])]
    asked = Asked(args.torch_python if on_torch else sys.executable, command, args.threads,
                  "torch" if on_torch else "tensorflow")
    if not asked.ready:
        print(f"{name}, {row}: {asked.close() or 'cannot run here'}", file=sys.stderr, flush=True)
        return None
    return asked


def turns_of(args, name):
    """{row: [its turns]} of one network, None for a row that does not run."""
    subprocess.run(["nice", "-n", "5", sys.executable, HERE, "--prepare", "--models", name, "--folder", args.folder,
                    "--rows", ",".join(args.rows)], check=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""})
    with ThreadPoolExecutor(STARTING) as pool:
        asked = dict(zip(args.rows, pool.map(lambda row: start(args, name, row), args.rows)))
    found = in_turns({row: process for row, process in asked.items() if process}, args.rounds)
    for process in filter(None, asked.values()):
        process.close()
    return {row: found.get(row) for row in args.rows}


def compare(args):
    """Prints a table a network, each once it is done."""
    from benchmarks.real_actions import Store

    store = Store(pathlib.Path(args.folder) / "rows.jsonl")
    print(f"{processor()}; {args.threads} threads, {args.rounds} rounds, {args.clock} clock")
    for name in args.models:
        key = (name, os.path.basename(args.answer or ""), args.threads, args.clock)
        if key not in store.rows:
            busy = os.getloadavg()[0]
            store.add(key, {"turns": turns_of(args, name), "busy": [busy, os.getloadavg()[0]]})
        show(name, store.rows[key], args.answer)


def show(name, found, answer):
    """Prints the rows of one network."""
    print(f"\n{name}   ({found['busy'][0]:.1f} and {found['busy'][1]:.1f} processes running before and after)")
    turns = found["turns"]
    for line in (parts_table(turns) if answer else times_table(turns)):
        print(line, flush=True)


def times_table(turns):
    """Lines: milliseconds, over torch's best in float32, times the float32 of the same runtime."""
    times = {row: each and statistics.median(each) for row, each in turns.items()}
    torch = rows.torch_best(times)
    yield f"{'':20}{'ms':>9}{'/ torch':>9}{'float32 /':>11}"
    for row, ms in times.items():
        kind, dtype = rows.ROWS[row].kind, rows.ROWS[row].dtype
        plain = rows.best_of(times, "float32", kind) if kind != "torch" else ("", torch)
        ratio = ms and dtype != "float32" and plain and plain[1] and plain[1] / ms
        yield (f"{row:20}" + (f"{ms:9.1f}" if ms else f"{'-':>9}") + (f"{ms / torch:9.2f}" if ms and torch else " " * 9)
               + (f"{ratio:11.2f}" if ratio else "")).rstrip()


def parts_table(turns):
    """Lines: milliseconds of each part and of the whole."""
    yield f"{'':20}" + "".join(f"{head:>9}" for head in (*PARTS, "whole"))
    for row, each in turns.items():
        if each:
            parts = [statistics.median(turn[part] for turn in each) for part in PARTS]
            whole = statistics.median(sum(turn.values()) for turn in each)
            yield f"{row:20}" + "".join(f"{ms:9.1f}" for ms in (*parts, whole))


def main():
    def names(text):
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=names, default=MODELS)
    parser.add_argument("--rows", type=names, help=f"of {', '.join(rows.ROWS)}")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5, help="turns of each row (default: %(default)s)")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu counts the time of all threads of a row: "
                        "with --threads 1 it is the fairer one on a machine that others use")
    parser.add_argument("--folder", help="for files and finished times (default: one that does not stay)")
    parser.add_argument("--torch-python", default=sys.executable, help="interpreter that has torch and its originals")
    parser.add_argument("--answer", metavar="VIDEO", help="the whole way from this file to labels")
    parser.add_argument("--family", action="store_true", help="whether every kind converts")
    parser.add_argument("--published", action="store_true", help="whether published sizes convert to LiteRT")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.family or args.published:
        from benchmarks.runtime.family import family, published

        return family() if args.family else published(PUBLISHED if args.models is MODELS else args.models)
    if args.row:
        return run_row(args)
    if args.prepare:  # in a process of its own, whose memory is then free
        return files.prepare(files.folder_of(args, args.models[0]), args.models[0], rows.needed(args.rows))
    args.rows = args.rows or (ANSWERING if args.answer else tuple(rows.ROWS))
    with tempfile.TemporaryDirectory() as folder:
        args.folder = args.folder or folder
        return compare(args)


if __name__ == "__main__":
    main()
