"""Serves SavedModels over TensorFlow Serving's REST and gRPC interfaces.

DIR/NAME holds numbered version folders, as `res3d export` writes them; the model is served under NAME. New versions are
taken over while the server runs. All flags of tensorflow_model_server are known; `python -m serving` takes just those.

In place of DIR/NAME stands the name of published weights, such as slow_r50: they are fetched and exported once, into
RES3D_HOME, and served under the network's name.
"""

import os

from res3d.commands.published.flags import add_fetch_flags, allow
from serving.commands import serve

EXAMPLE = serve.EXAMPLE


def add_flags(parser):
    """Flags of `res3d serve`."""
    serve.add_flags(parser)
    add_fetch_flags(parser)


def run(args):
    """Serves until it is told to stop."""
    if args.model and not os.path.exists(args.model):
        from res3d.weights.catalogue.table import list_weights

        if list_weights(args.model.split("/")[0].lower()):
            allow(args)
            from res3d.workflows.export import export_published

            args.model = export_published(args.model)
    return serve.run(args)
