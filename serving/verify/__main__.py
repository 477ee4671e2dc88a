"""One version verified by one process.

    python -m serving.verify '{"folder": ..., "answers": ...}'

loads the version by TensorFlow's C++ session, runs every recorded request, compares, replays the warm-up file, and
prints one line of JSON: what `verify_version` returns, or `{"refused": reason}` with exit code 1.
"""

import json
import sys

from serving.verify.compare import VerificationError, check


def main(arguments):
    """Runs `check` with the arguments in a JSON text and prints its report as one line of JSON."""
    try:
        report = check(**json.loads(arguments))
    except VerificationError as error:
        report = {"refused": str(error)}
    print(json.dumps(report))
    return 1 if "refused" in report else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
