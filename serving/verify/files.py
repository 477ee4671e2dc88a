"""A file for another runtime loaded by that runtime in a process of its own, and compared with what Keras answered."""

import os

import numpy as np

from serving.session.errors import SessionError
from serving.session.runtimes.contract import LOGITS, SCORES
from serving.session.runtimes.opening import open_file
from serving.verify.fresh import VerificationError, verify_apart

TOLERANCE = 1e-4  # of the range of the logits, and of a score: float32, summed in another order


def verify_file(path, answers, tolerance=TOLERANCE):
    """Verifies a file in a fresh process.

    Args:
        path: the file, its name ending as its kind's does.
        answers: an .npz with `clips`, uint8, and Keras's `scores` and `logits` for them.
        tolerance: float. Allowed difference, of the range of the logits.

    Returns:
        {"runtime": what ran it, "checks": [{"batch", "difference"}]}, the difference in parts of the logits' range.

    Raises:
        VerificationError: with the reason.
    """
    return verify_apart({"file": os.fspath(path), "answers": os.fspath(answers), "tolerance": tolerance})


def check_file(path, answers, tolerance=TOLERANCE):
    """What `verify_file` does, in this process."""
    with np.load(answers) as known:
        clips, wanted = known["clips"], {name: known[name] for name in (SCORES, LOGITS)}
    try:
        session = open_file(path, threads=2)
        batches = [session.batch] if session.batch else range(1, len(clips) + 1)
        checks = [_compare(session, clips, wanted, batch, tolerance) for batch in batches]
    except (SessionError, ImportError, OSError, ValueError) as error:
        raise VerificationError(str(error)) from error
    return {"runtime": session.runtime, "checks": checks}


def _compare(session, clips, wanted, batch, tolerance):
    chosen = np.arange(batch) % len(clips)
    found = session.run(clips[chosen])
    scale = {SCORES: 1.0, LOGITS: float(np.ptp(wanted[LOGITS])) or max(1.0, float(np.abs(wanted[LOGITS]).max()))}
    for name, values in wanted.items():
        difference = float(np.abs(found[name].astype(np.float64) - values[chosen]).max()) / scale[name]
        if not difference <= tolerance:
            raise VerificationError(f"{name} at batch {batch} differ from Keras by {difference:.3g} of their range, "
                                    f"and {tolerance:g} is allowed")
    ranked = np.sort(wanted[LOGITS][chosen], 1)
    best, right = found[LOGITS].argmax(1), wanted[LOGITS][chosen].argmax(1)
    told_apart = ranked.shape[1] > 1 and (ranked[:, -1] - ranked[:, -2:-1].max(1)) > 2 * tolerance * scale[LOGITS]
    if np.any((best != right) & told_apart):
        raise VerificationError(f"the best labels at batch {batch} are {best.tolist()}, and {right.tolist()} was "
                                "expected")
    return {"batch": batch, "difference": difference}
