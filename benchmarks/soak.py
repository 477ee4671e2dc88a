"""The embedded server among good, slow, broken and hostile clients: nothing lost, memory flat, good answers in time.

    python benchmarks/soak.py                     an hour, after a quiet time of good clients alone
    python benchmarks/soak.py --minutes=5         shorter
    python benchmarks/soak.py --export=DIR/NAME   any export of `res3d export`, not one that is made first

Server and clients share one machine and its loopback address. Good clients and the others are processes of their own,
and the others run at a lower priority, so that what is measured is how long the server lets a good client wait, and not
how long one client waits for another. What each of the three takes of the cores is told beside. Quiet and mixed times
take turns, because machines have better and worse hours; the ratio is the median of the turns. Exit code 1 where an
answer of a good client was wrong or missing, the server's memory grew, or the 99th percentile of good answers is more
than twice that of the quiet time.
"""

import argparse
import collections
import contextlib
import gzip
import json
import multiprocessing
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import numpy as np
import psutil

sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)  # not this folder, where serving.py is another script

from benchmarks.hostile import PAUSE, ask_badly  # noqa: E402
from res3d.geometry import ClipSpec  # noqa: E402
from serving.client.client import Client  # noqa: E402
from serving.client.retry import ServerError  # noqa: E402

MAKE = """
import sys, keras, res3d, serving
keras.utils.set_random_seed(1)
clip = res3d.ClipSpec(frames=8, stride=2, height=64, width=64)
serving.export(res3d.build("r3d_10", num_classes=20, clip=clip, width=0.25), sys.argv[1], verified=False)
"""
GROWTH = 1.10  # of memory from the middle to the end


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="of all kinds of clients (default: %(default)s)")
    parser.add_argument("--quiet_minutes", type=float, help="of good clients alone before (default: a fifth of that)")
    parser.add_argument("--export", help="folder DIR/NAME of an export; left out, one is made")
    parser.add_argument("--turns", type=int, default=3, help="of quiet and mixed times (default: %(default)s)")
    parser.add_argument("--good", type=int, default=4, help="good clients (default: %(default)s)")
    parser.add_argument("--bad", type=int, default=2, help="clients of each other kind (default: %(default)s)")
    args = parser.parse_args()
    quiet = args.minutes / 5 if args.quiet_minutes is None else args.quiet_minutes
    with tempfile.TemporaryDirectory() as folder:
        export = pathlib.Path(args.export or pathlib.Path(folder) / "soaked")
        if args.export is None:
            subprocess.run([sys.executable, "-c", MAKE, str(export)], check=True, stdout=subprocess.DEVNULL)
        with served(export) as (ports, process):
            return Soak(export, ports, process, args).run(60 * quiet, 60 * args.minutes)


@contextlib.contextmanager
def served(export):
    """((HTTP port, gRPC port), process) of a server with its page and metrics."""
    ports = [free_port() for _ in range(2)]
    command = [sys.executable, "-c", "import sys; from res3d.commands.main import main; sys.exit(main())", "serve",
               str(export), f"--rest_api_port={ports[0]}", f"--port={ports[1]}", "--page"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:
        tail = collections.deque(maxlen=30)
        threading.Thread(target=lambda: tail.extend(server.stderr), daemon=True).start()
        try:
            wait_until_ready(ports[0], server)
            yield ports, psutil.Process(server.pid)
        finally:
            server.terminate()
            try:
                code = server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()
                code = "none within 60 s"
            line("ended by SIGTERM", f"exit code {code}")
            if code:
                print(b"".join(tail).decode(errors="replace"), file=sys.stderr)


def wait_until_ready(port, server):
    while server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz"):
            return
        time.sleep(0.2)
    raise RuntimeError("The server ended before it was ready.")


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class Soak:
    """Clients of every kind, and what became of them."""

    def __init__(self, export, ports, process, args):
        self.name, (self.rest, self.grpc), self.process, self.args = export.name, ports, process, args
        version = max((child for child in export.iterdir() if child.name.isdigit()), key=lambda child: int(child.name))
        clip = ClipSpec.load(version / "assets.extra/clip.json")
        self.clips = np.random.default_rng(0).integers(0, 256, (4, 1, *clip.shape), np.uint8)
        self.body = json.dumps({"inputs": {"clip": self.clips[0].tolist()}}).encode()  # once: good clients share the
        self.bomb = gzip.compress(b'{"instances": ' + b"[" * 8_000_000)  # process with those who send them
        self.over, self.wrong, self.counts = threading.Event(), [], collections.Counter()
        self.times = []

    def run(self, quiet_seconds, seconds):
        self.expected = self.answers()
        memory, ratios = [], []
        for _ in range(self.args.turns):
            quiet, _ = self.phase("quiet", quiet_seconds / self.args.turns)
            with self.others():
                mixed, more = self.phase("mixed", seconds / self.args.turns)
            memory += more
            ratios.append(np.percentile(mixed, 99) / np.percentile(quiet, 99))
        for name, count in sorted(self.counts.items()):
            line(f"  {name}", f"{count} times")
        line("wrong or missing", f"{len(self.wrong)} good answers{''.join(f'; {text}' for text in self.wrong[:3])}")
        start, middle, end = memory[0], memory[len(memory) // 2], memory[-1]
        line("memory", f"{start:.0f} MB at the start, {middle:.0f} in the middle, {end:.0f} at the end, most "
             f"{max(memory):.0f}")
        same = self.answers() == self.expected
        line("afterwards", "the same answers" if same else "OTHER ANSWERS")
        ratio = np.median(ratios)
        line("p99 mixed over quiet", f"{ratio:.2f} (each turn {', '.join(f'{found:.2f}' for found in ratios)})")
        return int(bool(self.wrong) or not same or end > GROWTH * middle or ratio > 2)

    def client(self, scheme):
        return Client(f"{scheme}://127.0.0.1:{self.rest if scheme == 'http' else self.grpc}/{self.name}", timeout=120,
                      encoding="raw")

    def answers(self):
        """What each clip is taken for, whichever way it is asked."""
        with self.client("http") as rest, self.client("grpc") as other:
            found = [client.classify_clips(clip, 1) for clip in self.clips for client in (rest, other)]
        return [row[0]["label"] for row in found]

    @contextlib.contextmanager
    def others(self):
        """Clients of every other kind ask from another process; what became of them is counted at the end."""
        context = multiprocessing.get_context("spawn")
        over, counts = context.Event(), context.Queue()
        others = context.Process(target=ask_badly, args=((self.rest, self.grpc), self.name, self.body, self.bomb,
                                                         self.args.bad, over, counts))
        others.start()
        try:
            yield
        finally:
            over.set()
            found, seconds = counts.get(timeout=120)
            self.counts.update(found)
            line("  processor time", f"other clients {seconds:.1f} s")
            others.join()

    def phase(self, title, seconds):
        """(seconds of each good answer, megabytes of the server from time to time), told as well."""
        self.over.clear()
        self.times, before, own = [], self.process.cpu_times(), time.process_time()
        threads = [threading.Thread(target=self.good, args=(("http", "grpc")[i % 2],)) for i in range(self.args.good)]
        for thread in threads:
            thread.start()
        memory, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(5, seconds / 20))
            memory.append(self.process.memory_info().rss / 2**20)
        self.over.set()
        for thread in threads:
            thread.join()
        middle, late = percentile(self.times, 50), percentile(self.times, 99)
        line(title, f"{len(self.times)} good answers, p50 {middle}, p99 {late}")
        after, own = self.process.cpu_times(), time.process_time() - own
        taken = after.user + after.system - before.user - before.system
        line("  processor time", f"server {taken:.1f} s, good clients {own:.1f} s")
        return self.times, memory

    def good(self, scheme):
        with self.client(scheme) as client:
            while not self.over.wait(PAUSE * random.uniform(0.5, 1.5)):
                number = random.randrange(len(self.clips))
                start = time.perf_counter()
                try:
                    found = client.classify_clips(self.clips[number], 1)[0]["label"]
                    if found != self.expected[2 * number]:
                        self.wrong.append(f"{scheme}: {found}")
                except (ServerError, OSError, ValueError) as error:
                    self.wrong.append(f"{scheme}: {error}")
                self.times.append(time.perf_counter() - start)


def percentile(times, share):
    return f"{np.percentile(times, share) * 1e3:.0f} ms"


def line(title, text):
    print(f"{title:<46}{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
