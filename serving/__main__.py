"""`python -m serving`: the embedded server, started with TensorFlow Serving's flags and nothing else."""

import os
import sys


def main(arguments):
    """Serves until it is told to stop; returns the exit code, 255 where it could not start."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from serving.server import flags

    try:
        values, unknown = flags.parse(arguments)
    except ValueError as error:
        print(f"{error}\n{flags.usage()}")
        return 255
    for argument in unknown:
        print(f"unknown argument: {argument}{flags.nearest(argument)}")
    if unknown:
        print(flags.usage(), flush=True)
    from serving.errors import ServingError
    from serving.server import run
    from serving.server.settings import Settings

    if values["version"]:
        print(run.versions())
        return 0
    if not values["model_base_path"] and not values["model_config_file"]:
        return run.failed("INVALID_ARGUMENT: Both server_options.model_base_path and "
                          "server_options.model_config_file are empty!")
    if values["port"] == 0 and not values["grpc_socket_path"]:
        return run.failed("INVALID_ARGUMENT: At least one of server_options.grpc_port or "
                          "server_options.grpc_socket_path must be set.")
    try:
        return run.until_stopped(Settings.from_flags(values))
    except (ServingError, OSError, ValueError) as error:
        return run.failed(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
