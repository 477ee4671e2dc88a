"""One export verified by one process.

    python -m serving.verify '{"folder": ..., "answers": ...}'

loads the version by TensorFlow's C++ session, runs every recorded request, compares, replays the warm-up file, and
prints one line of JSON: what `verify_version` returns, or `{"refused": reason}` with exit code 1. With "file" in
the place of "folder" it does the same for a file of another runtime, as `verify_file` says.
"""

import json
import sys

from serving.verify.compare import check
from serving.verify.files import check_file
from serving.verify.fresh import VerificationError


def main(arguments):
    """Runs the check that the arguments in a JSON text ask for, and prints its report as one line of JSON."""
    told = json.loads(arguments)
    try:
        report = check_file(told.pop("file"), **told) if "file" in told else check(**told)
    except VerificationError as error:
        report = {"refused": str(error)}
    print(json.dumps(report))
    return 1 if "refused" in report else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
