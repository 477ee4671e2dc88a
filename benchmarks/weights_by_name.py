"""From an empty cache to labels: published weights fetched over HTTP on loopback, `res3d predict`, and the same served.

    python benchmarks/weights_by_name.py VIDEO [--model=x3d_xs]

The file is made of random numbers in the layout that the row was published in, so the labels mean nothing; the times
are all but those of a wire. Each step is a process of its own.
"""

import argparse
import contextlib
import functools
import http.server
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import psutil

sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)  # not this folder, where serving.py is another script


def main():
    """Prints how long each step takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--model", default="x3d_xs")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = publish(args.model, pathlib.Path(folder) / "web")
        with offered(pathlib.Path(folder) / "web") as address:
            # A file of random numbers is not the published one, so it has a row of its own, which comes first.
            table = pathlib.Path(folder) / "own.csv"
            table.write_text(row(args.model, f"{address}/{path.name}"), encoding="utf-8")
            environment = {**os.environ, "RES3D_HOME": f"{folder}/cache", "RES3D_CATALOG": str(table)}
            print(f"{args.model}: {path.stat().st_size / 2**20:.1f} MB, {os.cpu_count()} cores\n")
            print(f"{'':<52}{'seconds':>9}{'of a core':>11}")
            for title, seconds, processor in steps(args, environment):
                print(f"{title:<52}{seconds:>9.1f}{processor:>11.1f}", flush=True)


def steps(args, environment):
    """(what is done, seconds, seconds of a core) of each step."""
    command = [sys.executable, "-m", "res3d.commands.main"]
    for title in ("res3d predict, empty cache: fetched, built, labels", "res3d predict again"):
        yield title, *timed([*command, "predict", args.video, f"--model={args.model}"], environment)
    port, rest = free_ports(2)
    started = time.perf_counter()
    with subprocess.Popen([*command, "serve", args.model, f"--port={port}", f"--rest_api_port={rest}"], env=environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(f"http://127.0.0.1:{rest}/readyz", server)
            yield "res3d serve: exported once, verified, ready", time.perf_counter() - started, spent(server.pid)
            ask = [*command, "predict", args.video, f"--server=http://127.0.0.1:{rest}/{args.model}"]
            yield "res3d predict --server, its start included", *timed(ask, environment)
        finally:
            server.terminate()


def free_ports(count):
    """Ports that nothing listens at."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def spent(process):
    """Seconds of a core that a process, and those that it started and that have ended, have taken."""
    return sum(psutil.Process(process).cpu_times()[:4])


def timed(command, environment):
    """(seconds, seconds of a core) that a command takes; it must succeed."""
    started, before = time.perf_counter(), sum(os.times()[2:4])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return time.perf_counter() - started, sum(os.times()[2:4]) - before


def wait_for(address, server):
    """Until a server answers, or has ended."""
    while server.poll() is None:
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server ended")


def publish(model, folder):
    """Writes a network's first weights in the layout that its row was published in."""
    import res3d

    folder.mkdir()
    path = folder / f"{model}.safetensors"
    res3d.weights.write_layout(res3d.build(model, 400), path)
    return path


def row(model, address):
    """A table of one row."""
    return f"network,tag,address,classes,labels\n{model},kinetics400,{address},400,kinetics400\n"


@contextlib.contextmanager
def offered(folder):
    """A `with` over a folder that is offered on loopback; gives its address."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
