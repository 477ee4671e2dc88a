"""What a bug report should begin with: the versions of all that can be at fault, found without importing any of it."""

import importlib.metadata
import json
import os
import pathlib
import platform

from res3d.training.revision import revision

NEEDED = ("keras", "tensorflow", "numpy", "opencv-python-headless")
# Named only where they are installed: another build of OpenCV shadows ours, other backends and extras may be there.
OPTIONAL = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless", "jax", "torch", "tensorflow-io",
            "fsspec", "apache-beam", "tensorflow-serving-api", "grpcio", "protobuf")
DRIVER = pathlib.Path("/proc/driver/nvidia/version")


def report():
    """Versions as text, one `name: version` a line, the package itself first.

    >>> report().splitlines()[0].split(":")[0]
    'res3d'
    """
    commit = revision()
    lines = [("res3d", own_version() + (f", revision {commit}" if commit else "")),
             ("python", f"{platform.python_version()} ({platform.python_implementation()})"),
             ("system", f"{platform.platform()}, {os.cpu_count()} processors")]
    if DRIVER.is_file():
        lines.append(("nvidia driver", DRIVER.read_text(encoding="utf-8").splitlines()[0].partition(":")[2].strip()))
    lines.append(("keras backend", backend()))
    lines += [(name, installed(name) or "not installed") for name in NEEDED]
    lines += [(name, installed(name)) for name in OPTIONAL if installed(name)]
    return "\n".join(f"{name}: {version}" for name, version in lines)


def own_version():
    """Version of the package, also where it runs from a folder that nobody installed."""
    import res3d

    return res3d.__version__


def installed(name):
    """Version of an installed distribution, or None.

    >>> installed("no-such-distribution") is None
    True
    """
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def backend():
    """The backend that Keras is going to take, and what says so: the environment, Keras's own file, or nothing."""
    if os.environ.get("KERAS_BACKEND"):
        return f"{os.environ['KERAS_BACKEND']} (KERAS_BACKEND)"
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    try:
        with open(os.path.join(home, "keras.json"), encoding="utf-8") as file:
            return f"{json.load(file)['backend']} (keras.json)"
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow (default)"
