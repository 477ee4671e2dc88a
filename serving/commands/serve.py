"""Serves SavedModels over TensorFlow Serving's REST and gRPC interfaces.

DIR/NAME holds numbered version folders, as `res3d export` writes them; the model is served under NAME. New versions are
taken over while the server runs. All flags of tensorflow_model_server are known; `python -m serving` takes just those.
"""

import argparse
import os
import pathlib

from pipelines.storage.addresses import on_disk
from serving.server import flags

EXAMPLE = "res3d serve exports/actions --page"
_CHANGED = {"rest_api_port": 8501}
_SHOWN = dict.fromkeys(("rest_api_num_threads", "grpc_max_threads"), "4 a core")  # the same on every machine


def add_flags(parser):
    """One argument for every row of the flag table: our own, then TensorFlow Serving's, and last what does nothing."""
    parser.add_argument("model", nargs="?", metavar="DIR/NAME", help="folder of a model with its numbered versions")
    kinds = {"flags of this server": lambda flag: flag.ours,
             "flags of tensorflow_model_server": lambda flag: not flag.unused,
             "flags of tensorflow_model_server that do nothing here": lambda flag: True}
    left = list(flags.FLAGS)
    for title, belongs in kinds.items():
        group = parser.add_argument_group(title)
        for flag in filter(belongs, left):
            _add(group, flag)
        left = [flag for flag in left if not belongs(flag)]


def _add(group, flag):
    default = _CHANGED.get(flag.name, flag.default)
    shown = _SHOWN.get(flag.name, str(default).lower() if isinstance(default, bool) else default)
    text = flag.help or f"accepted and ignored: {flag.unused}"
    if default and not flag.unused:
        text += f" (default: {shown})"
    how = {"type": lambda text: _converted(flag, text), "default": default, "help": text.replace("%", "%%")}
    if isinstance(default, bool):
        group.add_argument(f"--{flag.name}", nargs="?", const=True, metavar="true|false", **how)
    else:
        group.add_argument(f"--{flag.name}", metavar=type(default).__name__.upper(), **how)


def _converted(flag, text):
    try:
        return flags.convert(flag, text)
    except ValueError as error:
        after = " DIR/NAME comes before the flags." if isinstance(flag.default, bool) else ""
        raise argparse.ArgumentTypeError(f"{error}{after}") from None


def run(args):
    """Serves until it is told to stop."""
    values = {flag.name: getattr(args, flag.name) for flag in flags.FLAGS}
    if values["version"]:
        from serving.server.run import versions

        print(versions())
        return 0
    if args.model:
        folder = pathlib.Path(on_disk(args.model, "DIR/NAME"))
        if not folder.is_dir():
            raise ValueError(f"DIR/NAME must be a folder with numbered versions. Received: {args.model}, which is not "
                             "there. Make it with res3d export.")
        if not any(child.name.isdigit() and child.is_dir() for child in folder.iterdir()):
            raise ValueError(f"DIR/NAME must hold at least one version, a folder whose name is a number. Received: "
                             f"{args.model} without any. Make one with res3d export.")
        values["model_base_path"] = os.path.abspath(folder)
        if values["model_name"] == "default":
            values["model_name"] = folder.resolve().name
    elif not values["model_base_path"] and not values["model_config_file"]:
        raise ValueError("A model must be named: DIR/NAME, --model_base_path or --model_config_file. Received none of "
                         "them. Try: " + EXAMPLE)
    from serving.errors import ServingError
    from serving.server import run as foreground
    from serving.server.settings import METRICS_PATH, Settings

    try:
        settings = Settings.from_flags(values, metrics_path=METRICS_PATH, health=True)
        return foreground.until_stopped(settings, _announce)
    except ServingError as error:
        raise ValueError(f"The model must load. Received: {error.code}: {error.message}") from error


def _announce(server):
    for name in server.store.names():
        print(f"{name}: {', '.join(f'version {v} {state}' for v, state, _ in server.store.status(name))}")
    if server.rest_address:
        print(f"REST  http://{server.rest_address}/v1/models/NAME")
        if server.settings.rest.page:
            print(f"page  http://{server.rest_address}/")
    if server.grpc_address:
        print(f"gRPC  {server.grpc_address}")
    print("Stop with Ctrl-C.", flush=True)
