"""Starts the dispatcher of shared input workers, which hands out what is to be read, and waits.

It prints the address that `res3d data-worker` and `res3d train --data_service=` take. One dispatcher serves any number
of workers and trainers.
"""

EXAMPLE = "res3d data-dispatcher --port=5050"


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("--port", type=int, default=5050, help="0 takes a free one (default: %(default)s)")


def run(args):
    """Serves until it is ended."""
    from pipelines.dataset import data_service

    server = data_service.dispatcher(args.port)
    data_service.serve(server, f"dispatcher at {server.target}")
