"""Which flags name places of this machine, by command: `file://` is what it names there, other addresses are refused.

Data sets, lists, labels and records are not among them: those are read, and prepared, at addresses too.
"""

LOCAL = {  # written, or used as long as the command runs
    "demo": ("workdir",),
    "doctor": ("report", "manifest"),
    "train": ("workdir",),
    "evaluate": ("workdir", "compare"),
    "predict": ("explain", "output", "ca", "cert", "key"),
    "features": ("output",),
    "pretrain": ("output",),
    "bench": ("output",),
    "import-weights": ("output",),
    "export": ("workdir", "output", "runtime_dir"),
    "serve": ("model", "model_base_path", "model_config_file", "batching_parameters_file", "monitoring_config_file",
              "ssl_config_file", "grpc_socket_path", "access_log"),
    "deploy": ("directory", "output"),
    "labels": ("output",),
}
READ = {  # once, by what knows itself what it reads
    "train": ("recipe", "weights"), "pretrain": ("recipe",), "predict": ("model",), "features": ("model",),
    "import-weights": ("file",), "export": ("model",), "evaluate": ("model",),
}


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
    if command not in LOCAL | READ:  # nothing to import for: `res3d models` is done in a tenth of a second
        return
    from pipelines.storage.addresses import local_path, on_disk

    for name in READ.get(command, ()):
        value = getattr(args, name)
        setattr(args, name, value and local_path(value))
    for name in LOCAL.get(command, ()):
        value = getattr(args, name)
        if isinstance(value, str):
            setattr(args, name, on_disk(value, f"`--{name}`"))
        elif value:
            setattr(args, name, [on_disk(part, f"`--{name}`") for part in value])
