"""Starts one shared input worker, which reads and decodes records for trainers, and waits.

DISPATCHER is what `res3d data-dispatcher` printed. The worker must see the shards under the names that the trainer
uses, and be reached under --host.
"""

EXAMPLE = "res3d data-worker grpc://10.0.0.5:5050 --host=10.0.0.7"


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("dispatcher", metavar="DISPATCHER", help="grpc://HOST:PORT")
    parser.add_argument("--host", default="localhost", help="name under which trainers reach this machine "
                        "(default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")


def run(args):
    """Serves until it is ended."""
    from pipelines.dataset import data_service

    server = data_service.worker(args.dispatcher, args.host, args.port)
    data_service.serve(server, f"worker of {args.dispatcher}")
