"""One verification in a fresh process, which shares nothing with the one that wrote what is verified."""

import json
import os
import pathlib
import subprocess
import sys

SECONDS = 1800


class VerificationError(ValueError):
    """An export that must not be served; the message says why."""


def verify_apart(arguments):
    """The report of `python -m serving.verify` with these arguments, as a dict of JSON values.

    Raises:
        VerificationError: with the reason.
    """
    root = str(pathlib.Path(__file__).resolve().parents[2])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-P", "-m", "serving.verify", json.dumps(arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False,
                              env={**os.environ, "PYTHONPATH": path})
    except subprocess.TimeoutExpired:
        raise VerificationError(f"the process that verified it was not ready after {SECONDS} seconds") from None
    lines = done.stdout.splitlines()
    try:
        report = json.loads(lines[-1])
    except (IndexError, ValueError):
        said = " ".join(done.stderr.split())[-500:] or "nothing"
        raise VerificationError(f"the process that verified it ended with code {done.returncode} and said {said}"
                                ) from None
    if "refused" in report:
        raise VerificationError(report["refused"])
    return report
