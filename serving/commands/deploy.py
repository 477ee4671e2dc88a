"""Writes the files that run exported models on the real TensorFlow Serving.

docker compose with Prometheus and a Grafana dashboard for one machine, Kubernetes manifests for many, and the model,
batching and monitoring files that both use. --target names another place, for a file that `res3d export --format`
wrote: the model as it must lie there, a few lines that ask it, and a page.
"""

import json

from serving.deploy.runtimes import TARGETS, write_for_runtime
from serving.deploy.writing import IMAGE, find_models, write

SERVING = "tensorflow-serving"

EXAMPLE = "res3d deploy exports/actions --output=deploy"


def add_flags(parser):
    """Flags of `res3d deploy`."""
    parser.add_argument("directory", metavar="DIR", help="a model's folder DIR/NAME, or a folder of several; with "
                        "another --target a file, NAME.xml, NAME.onnx or NAME.tflite")
    parser.add_argument("--target", default=SERVING, choices=(SERVING, *TARGETS),
                        help="where it shall run (default: %(default)s)")
    parser.add_argument("--output", default="deploy", help="folder for the files (default: %(default)s)")
    parser.add_argument("--image", help=f"the server's image (default: {IMAGE} or "
                        f"{TARGETS['openvino-model-server'].image})")
    parser.add_argument("--cpus", type=int, default=4, help="processors of one server (default: %(default)s)")
    parser.add_argument("--memory", type=int, metavar="MIB", help="memory of one server (default: by the models' size)")
    parser.add_argument("--max_batch_size", type=int, default=8, help="clips in a batch (default: %(default)s)")
    parser.add_argument("--batch_timeout_micros", type=int, default=3000,
                        help="how long a batch waits to be filled (default: %(default)s)")
    parser.add_argument("--min_replicas", type=int, default=2, help="servers on Kubernetes (default: %(default)s)")
    parser.add_argument("--max_replicas", type=int, default=10, help="at most (default: %(default)s)")
    parser.add_argument("--namespace", default="serving", help="on Kubernetes (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the models and the files as JSON")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VERSION", dest="labels",
                        help="pin versions and name them, such as stable=3 and canary=4; repeat as needed")


def run(args):
    """Writes, and prints what was written and what to type next."""
    if args.target != SERVING:
        paths = write_for_runtime(args.directory, args.target, args.output, args.image)
        if args.json:
            print(json.dumps({"models": [{"file": args.directory, "target": args.target}], "output": args.output,
                              "files": paths}, indent=2))
            return
        print("\n".join(f"  {args.output}/{path}" for path in paths))
        print(f"next: read {args.output}/README.md")
        return
    for name in ("cpus", "max_batch_size", "min_replicas", "max_replicas"):
        if getattr(args, name) < 1:
            raise ValueError(f"`--{name}` must be 1 or more. Received: {getattr(args, name)}.")
    if args.memory is not None and args.memory < 1:
        raise ValueError(f"`--memory` must be 1 MiB or more. Received: {args.memory}.")
    if args.batch_timeout_micros < 0:
        raise ValueError(f"`--batch_timeout_micros` must be 0 or more. Received: {args.batch_timeout_micros}.")
    if args.max_replicas < args.min_replicas:
        raise ValueError(f"`--max_replicas` must be at least `--min_replicas`, {args.min_replicas}. "
                         f"Received: {args.max_replicas}.")
    models = find_models(args.directory, dict(map(_label, args.labels)))
    paths = write(models, args.output, args.image or IMAGE, cpus=args.cpus, memory_mib=args.memory,
                  max_batch_size=args.max_batch_size, batch_timeout_micros=args.batch_timeout_micros,
                  min_replicas=args.min_replicas, max_replicas=args.max_replicas, namespace=args.namespace)
    if args.json:
        print(json.dumps({"models": [{"name": model.name, "versions": model.versions} for model in models],
                          "output": args.output, "files": [str(path) for path in paths]}, indent=2))
        return
    for model in models:
        print(f"{model.name}: versions {', '.join(map(str, model.versions))}")
    print("\n".join(f"  {args.output}/{path}" for path in paths))
    print(f"next: cd {args.output} && docker compose up --detach --wait")


def _label(text):
    name, separator, version = text.partition("=")
    if not separator or not name or not version.isdecimal():
        raise ValueError(f"`--label` must be NAME=VERSION, such as stable=3. Received: {text!r}.")
    return name, int(version)
