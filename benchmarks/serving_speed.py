"""What the embedded server costs over the bare model: throughput, added latency, load, batching, JSON, start-up.

    python benchmarks/serving_speed.py                       r3d_18 on 16 frames of 112x112, untrained, exported first
    python benchmarks/serving_speed.py --export=DIR/NAME     any export of `res3d export`
    python benchmarks/serving_speed.py --seconds=5 --quick   a look at every line, too short to quote

The bare model is TensorFlow's own session in this process; the server is a process of its own; both on the same
machine, which the client shares.
"""

import argparse
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import grpc
import numpy as np

from pipelines.video import opencv
from res3d.geometry import ClipSpec
from serving.server.rest.requests import predict_inputs, read_body
from serving.session.predictor import Predictor
from serving.tensors import tensor_proto
from serving.tensors.protos import predict_pb2, prediction_service_pb2_grpc

MAKE = """
import sys, keras, res3d, serving
keras.utils.set_random_seed(1)
clip = res3d.ClipSpec(frames=16, stride=2, height=112, width=112)
serving.export(res3d.build(sys.argv[1], num_classes=101, clip=clip), sys.argv[2])
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--export", help="folder DIR/NAME of an export; left out, one is made")
    parser.add_argument("--network", default="r3d_18", help="what to export (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=4, help="clips in a request of the throughput test")
    parser.add_argument("--clients", type=int, default=64, help="concurrent clients (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="length of each load test (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=30, help="runs behind each median (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="few repeats")
    args = parser.parse_args()
    if args.quick:
        args.repeats = 3
    with tempfile.TemporaryDirectory() as folder:
        export = pathlib.Path(args.export) if args.export else make(args.network, pathlib.Path(folder) / args.network)
        report(args, export, pathlib.Path(folder))


def make(network, folder):
    subprocess.run([sys.executable, "-c", MAKE, network, str(folder)], check=True)
    return folder


def report(args, export, folder):
    version = max((child for child in export.iterdir() if child.name.isdigit()), key=lambda child: int(child.name))
    clip = ClipSpec.load(version / "assets.extra/clip.json")
    clips = np.random.default_rng(0).integers(0, 256, (args.batch, *clip.shape), np.uint8)
    pictures = np.array([[opencv.encode_image(frame, quality=85) for frame in one] for one in clips], object)
    print(f"{export.name}, clips {'x'.join(map(str, clip.shape))}, {os.cpu_count()} cores\n")

    line("start-up without a model", f"{start_up(folder):.2f} s until /readyz answers 200")
    json_ratio(clips[:1])

    bare = Predictor(version)
    requests = {"uint8": ("serving_default", {"clip": clips}), "JPEG": ("predict_jpeg", {"frames_bytes": pictures})}
    with served(export) as stub:
        for name, (signature, inputs) in requests.items():
            one = {alias: array[:1] for alias, array in inputs.items()}
            request = message(export.name, signature, one)
            alone, seconds = in_turn(lambda s=signature, one=one: run(bare, s, one),
                                     lambda request=request: stub.Predict(request), args.repeats)
            line(f"one clip, {name} over gRPC, p50", f"{seconds * 1e3:.1f} ms, bare {alone * 1e3:.1f} ms, added "
                 f"{(seconds - alone) * 1e3:+.1f} ms")
        request = message(export.name, "serving_default", {"clip": clips})
        rounds = [[saturated(call, args.batch, args.repeats) for call in (
            lambda: run(bare, *requests["uint8"]), lambda: stub.Predict(request))] for _ in range(3)]
        bare_rate, rate = map(statistics.median, zip(*rounds))
        line(f"throughput, batch {args.batch}", f"{rate:.2f} clips/s served, {bare_rate:.2f} bare, ratio "
             f"{rate / bare_rate:.3f}")
    bare.close()

    jpeg = message(export.name, "predict_jpeg", {"frames_bytes": pictures[:1]})
    batching = folder / "batching.config"
    batching.write_text("max_batch_size { value: 8 } batch_timeout_micros { value: 2000 } "
                        "num_batch_threads { value: 1 } max_enqueued_batches { value: 100 }")
    for title, flags in (("off", []), ("on", ["--enable_batching", f"--batching_parameters_file={batching}"])):
        with served(export, "--grpc_max_threads=64", *flags) as stub:
            done, failed, times, taken = load(stub, jpeg, args.clients, args.seconds)
        middle, late = np.percentile(times, (50, 99))
        line(f"{args.clients} clients, batching {title}", f"{done / taken:.2f} clips/s, p50 {middle:.2f} s, p99 "
             f"{late:.2f} s, {done} answers, {failed} failures")


def line(title, text):
    print(f"{title:<34}{text}", flush=True)


def run(predictor, signature, inputs):
    known = predictor.signatures[signature]
    return predictor.run({known.inputs[alias].tensor: array for alias, array in inputs.items()},
                         [endpoint.tensor for endpoint in known.outputs.values()])


def in_turn(first, second, repeats):
    """The median seconds of two calls made in turn, so that whatever else the machine does meets both."""
    for call in (first, second):
        call()
        call()
    pairs = [(timed(first), timed(second)) for _ in range(repeats)]
    return tuple(map(statistics.median, zip(*pairs)))


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def saturated(call, rows, repeats):
    """Rows a second with two callers, so that there is always a next call."""
    count = max(2, repeats // 2)
    threads = [threading.Thread(target=lambda: [call() for _ in range(count)]) for _ in range(2)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 2 * count * rows / (time.perf_counter() - start)


def message(model, signature, inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for alias, array in inputs.items():
        request.inputs[alias].CopyFrom(tensor_proto.from_array(array))
    return request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(*arguments):
    """A server; yields its gRPC port once it is ready, and the seconds that took."""
    ports = free_port(), free_port()
    start = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "serving", f"--port={ports[0]}", f"--rest_api_port={ports[1]}",
                               *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError), \
                    urllib.request.urlopen(f"http://127.0.0.1:{ports[1]}/readyz", timeout=1):
                break
            if server.poll() is not None:
                raise RuntimeError("The server ended before it was ready.")
            time.sleep(0.01)
        yield ports[0], time.perf_counter() - start
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def served(export, *flags):
    with process(f"--model_base_path={export.resolve()}", f"--model_name={export.name}", *flags) as (port, _):
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", -1)])
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)
        channel.close()


def start_up(folder):
    config = folder / "empty.config"
    config.write_text("model_config_list {}")
    seconds = []
    for _ in range(3):
        with process(f"--model_config_file={config}") as (_, taken):
            seconds.append(taken)
    return statistics.median(seconds)


def load(stub, request, clients, seconds):
    """`(answers, failures, seconds of each, seconds of all)` of clients that ask without a pause.

    What is under way at the end of `seconds` is waited for and counts, and so does the time that takes.
    """
    start, times, failures = time.perf_counter(), [], []
    end = start + seconds

    def ask():
        while time.perf_counter() < end:
            try:
                times.append(timed(lambda: stub.Predict(request, timeout=120)))
            except grpc.RpcError as error:
                failures.append(error.code())

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times), len(failures), times or [float("nan")], time.perf_counter() - start


def json_ratio(clip):
    """Parsing the clip as nested JSON lists, against `json` and `numpy.array`."""
    for title, separators in (("", (", ", ": ")), (", no spaces", (",", ":"))):
        body = json.dumps({"instances": clip.tolist()}, separators=separators).encode()

        def ours(body=body):
            return predict_inputs(read_body(body)[0], {"clip": 4})[1]["clip"]

        def plain(body=body):
            return np.array(json.loads(body)["instances"], np.uint8)

        assert (ours() == clip).all()
        assert (plain() == clip).all()
        fast, slow = (min(timed(call) for _ in range(7)) for call in (ours, plain))
        line(f"JSON pixels{title}", f"{fast * 1e3:.1f} ms, plain json {slow * 1e3:.1f} ms, ratio {slow / fast:.1f}")


if __name__ == "__main__":
    main()
