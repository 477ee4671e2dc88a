"""Which flags name places of this machine, by command: `file://` is what it names there, other addresses are refused.

Data sets, lists, labels and records are not among them: those are read, and prepared, at addresses too. Models and
weights are fetched from the hub and from the web, and from nowhere else.
"""

LOCAL = {  # written, or used as long as the command runs
    "demo": ("workdir",),
    "doctor": ("report", "manifest"),
    "train": ("workdir", "recipe"),
    "evaluate": ("workdir", "compare"),
    "predict": ("explain", "output", "ca", "cert", "key"),
    "features": ("output",),
    "pretrain": ("output", "recipe"),
    "bench": ("output",),
    "import-weights": ("output", "file"),
    "export": ("workdir", "output", "runtime_dir"),
    "serve": ("model_base_path", "model_config_file", "batching_parameters_file", "monitoring_config_file",
              "ssl_config_file", "grpc_socket_path", "access_log"),
    "deploy": ("directory", "output"),
    "labels": ("output",),
}
FETCHED = {  # read here, or fetched from the web or the hub
    "train": ("weights",), "predict": ("model",), "features": ("model",), "export": ("model",), "evaluate": ("model",),
    "serve": ("model",),
}
SCHEMES = ("hf", "http", "https")


def settle(command, args):
    """Replaces the places that a command's arguments name by paths of this machine.

    Raises:
        ValueError: for an address, with the flag's name.

    >>> import argparse
    >>> args = argparse.Namespace(workdir="file:///runs/my%20first")
    >>> settle("demo", args)
    >>> args.workdir
    '/runs/my first'
    """
    if command not in LOCAL | FETCHED:  # nothing to import for: `res3d models` is done in a tenth of a second
        return
    from pipelines.storage.addresses import on_disk, scheme

    for name in (*LOCAL.get(command, ()), *FETCHED.get(command, ())):
        value = getattr(args, name)
        if isinstance(value, str):
            if name not in FETCHED.get(command, ()) or scheme(value) not in SCHEMES:
                setattr(args, name, on_disk(value, f"`--{name}`"))
        elif value:
            setattr(args, name, [on_disk(part, f"`--{name}`") for part in value])
