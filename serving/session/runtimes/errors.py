"""What the sessions of other runtimes, and the writers of their files, refuse with: one wording for every kind."""

from serving.session.errors import SessionError

_UNKNOWN = 2  # as in error_codes.proto: these runtimes have codes of their own, or none


def not_installed(what, package, extra):
    """The error for a package that `what` needs and that is not installed; `extra` brings it."""
    return ImportError(f"{what} needs {package}, which is not installed. Install the extra: "
                       f"pip install 'res3d[{extra}]'.")


def refused(path, error):
    """The error for a file that its runtime does not load or run, with what the runtime says, on one line."""
    return SessionError(_UNKNOWN, f"'{path}': {' '.join(str(error).split())}")
