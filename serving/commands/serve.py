"""Serve SavedModels over TensorFlow Serving's REST and gRPC interfaces.

DIR/NAME holds numbered version folders, as `res3d export` writes them; the model is served under NAME. New versions are
taken over while the server runs. All flags of tensorflow_model_server are known; `python -m serving` takes just those.
"""

import os
import pathlib

from serving import flags

EXAMPLE = "res3d serve exports/actions --page"
_CHANGED = {"rest_api_port": 8501}


def add_flags(parser):
    """One argument for every row of the flag table."""
    parser.add_argument("model", nargs="?", metavar="DIR/NAME", help="folder of a model with its numbered versions")
    for flag in flags.FLAGS:
        default = _CHANGED.get(flag.name, flag.default)
        text = (flag.help or f"accepted and ignored: {flag.unused}").replace("%", "%%")
        if isinstance(default, bool):
            parser.add_argument(f"--{flag.name}", nargs="?", const=True, default=default, metavar="true|false",
                                type=lambda text, flag=flag: flags.convert(flag, text), help=text)
        else:
            shown = f" ({default})" if default not in ("", 0) else ""
            parser.add_argument(f"--{flag.name}", type=type(default), default=default, help=text + shown,
                                metavar=type(default).__name__.upper())


def run(args):
    """Serves until it is told to stop."""
    values = {flag.name: getattr(args, flag.name) for flag in flags.FLAGS}
    if args.model:
        folder = pathlib.Path(args.model)
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
    from serving import run as foreground
    from serving.errors import ServingError
    from serving.server import METRICS_PATH

    if values["version"]:
        print(foreground.versions())
        return 0
    try:
        return foreground.until_stopped(values, _announce, metrics_path=METRICS_PATH, health_service=True)
    except ServingError as error:
        raise ValueError(f"The model must load. Received: {error.code}: {error.message}") from error


def _announce(server):
    for name in server.store.names():
        print(f"{name}: {', '.join(f'version {v} {state}' for v, state, _ in server.store.status(name))}")
    if server.rest_address:
        print(f"REST  http://{server.rest_address}/v1/models/NAME")
        if server.settings["page"]:
            print(f"page  http://{server.rest_address}/")
    if server.grpc_address:
        print(f"gRPC  {server.grpc_address}")
    print("Stop with Ctrl-C.", flush=True)
