"""Serves SavedModels over TensorFlow Serving's REST and gRPC interfaces.

DIR/NAME holds numbered version folders, as `res3d export` writes them; the model is served under NAME. New versions are
taken over while the server runs. All flags of tensorflow_model_server are known; `python -m serving` takes just those.

In place of DIR/NAME stands any model that is no export yet: the name or the address of published weights, such as
slow_r50, a preset folder, here or on the hub as hf://ORG/NAME, a work folder or a .keras file. It is exported once,
into RES3D_HOME, and served under its own name.
"""

import os

from res3d.commands.places import SCHEMES
from res3d.commands.published.flags import add_fetch_flags, allow
from serving.commands import serve

EXAMPLE = serve.EXAMPLE


def add_flags(parser):
    """Flags of `res3d serve`."""
    serve.add_flags(parser)
    add_fetch_flags(parser)


def run(args):
    """Serves until it is told to stop."""
    if args.model and _is_no_export(args.model):
        allow(args)
        from res3d.workflows.export import exported

        args.model = exported(args.model)
    return serve.run(args)


def _is_no_export(model):
    """Whether a model must be exported before it can be served; what is no model at all is left to the server."""
    if os.path.isdir(model):
        return any(os.path.isfile(os.path.join(model, name)) for name in ("config.json", "recipe.yaml"))
    if os.path.isfile(model) or ("://" in model and model.split("://")[0] in SCHEMES):
        return True
    from res3d.weights.catalogue.table import list_weights

    return "://" not in model and bool(list_weights(model.split("/")[0].lower()))
