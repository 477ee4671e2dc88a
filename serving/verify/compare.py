"""A version loaded in a process of its own, asked every recorded request, and compared with what Keras answered."""

import contextlib
import functools
import os
import pathlib

import numpy as np

from serving.session import clibrary, errors
from serving.session.csession import CSession, call
from serving.tensors import tensor_proto, tfrecord
from serving.tensors.protos import prediction_log_pb2, types_pb2
from serving.verify import graph_scan, warmup_requests
from serving.verify.fresh import VerificationError, verify_apart

TOLERANCE = 1e-5
UNBOUNDED = 10  # logits and features may differ by ten times as much, relative to the largest: deep sums in float32


def verify_version(folder, answers, tolerance=TOLERANCE, runtime=None):
    """Verifies a version in a fresh process; see the module.

    Args:
        folder: the version folder, under whatever name.
        answers: a TFRecord file of PredictionLogs that hold requests and the answers expected.
        tolerance: float. Allowed difference of scores; ten times that for logits and features, relative to their
            largest value.
        runtime: folder of another TensorFlow package to verify with, or None.

    Returns:
        {"runtime": what ran it, "without_c_library": None, or why the C library could not be opened,
        "checks": [{"signature", "batch", "difference"}], "warmup": records replayed}

    Raises:
        VerificationError: with the reason.
    """
    return verify_apart({"folder": os.fspath(folder), "answers": os.fspath(answers), "tolerance": tolerance,
                         "runtime": None if runtime is None else os.fspath(runtime)})


def check(folder, answers, tolerance=TOLERANCE, runtime=None):
    """What `verify_version` does, in this process.

    Raises:
        VerificationError: with the reason.
    """
    known_ops, name, kind, reason = _runtime(runtime)
    _refuse_if(graph_scan.scan(folder, known_ops))
    try:
        session = kind(os.fspath(folder))
    except errors.SessionError as error:
        raise VerificationError(f"it does not load: {error}") from error
    with contextlib.closing(session):
        _refuse_if(_unfit_outputs(session.signatures))
        checks, checked = [], set()
        for record in tfrecord.read(answers):
            log = prediction_log_pb2.PredictionLog.FromString(record)
            checks.append(_compare(session, log, tolerance))
            checked.add(checks[-1]["signature"])
        _refuse_if([f"signature {name} has no recorded answer to compare with"
                    for name in session.signatures if name not in checked])
        return {"runtime": name, "without_c_library": reason, "checks": checks,
                "warmup": replay_warmup(session, folder)}


def _runtime(folder):
    """(ops it knows or None, its name, its session class, None): the C library; or Python, and why it had to be."""
    try:
        library = clibrary.load(folder)
    except errors.LibraryError as error:
        if folder is not None:  # asked for by name: nothing else will do
            raise VerificationError(str(error)) from error
        from serving.session import python_session  # late: it imports all of TensorFlow

        return None, "TensorFlow's Python session", python_session.PythonSession, str(error)
    return (library.op_names(), f"TensorFlow {library.version} C library", functools.partial(CSession, runtime=folder),
            None)


def replay_warmup(session, folder):
    """Runs every record of the version's warm-up file, as a server does; returns how many there were.

    Raises:
        VerificationError: for a record that fails.
    """
    path = pathlib.Path(folder) / "assets.extra" / warmup_requests.WARMUP_FILE
    count = 0
    try:
        for record in tfrecord.read(path) if path.exists() else ():
            call(session, *warmup_requests.inputs_of(prediction_log_pb2.PredictionLog.FromString(record)))
            count += 1
    except (errors.SessionError, KeyError, ValueError) as error:
        raise VerificationError(f"warm-up record {count} fails: {error}") from error
    return count


def _unfit_outputs(signatures):
    """Outputs that REST cannot write, or that batching cannot split."""
    for name, signature in signatures.items():
        for alias, output in signature.outputs.items():
            if output.dtype not in (types_pb2.DT_FLOAT, types_pb2.DT_STRING):
                kind = types_pb2.DataType.Name(output.dtype)
                yield f"output {alias} of signature {name} must be float32 or string, and is {kind}"
            if output.shape == () or (output.shape and output.shape[0] != -1):
                yield (f"output {alias} of signature {name} must have the batch as its first axis, and has the shape "
                       f"{list(output.shape)}")


def _compare(session, log, tolerance):
    """Runs one recorded request and compares every output; the largest difference."""
    name, inputs = warmup_requests.inputs_of(log)
    expected = {alias: tensor_proto.to_array(proto) for alias, proto in log.predict_log.response.outputs.items()}
    batch = len(next(iter(inputs.values())))
    try:
        found = call(session, name, inputs)
    except (errors.SessionError, KeyError) as error:
        raise VerificationError(f"signature {name} at batch {batch} fails: {error}") from error
    largest = 0.0
    if found.keys() != expected.keys():
        raise VerificationError(f"signature {name} gives {sorted(found)}, and {sorted(expected)} was expected")
    for alias, value in found.items():
        wanted = expected[alias]
        if value.shape != wanted.shape:
            raise VerificationError(f"output {alias} of signature {name} at batch {batch} has the shape "
                                    f"{list(value.shape)}, and {list(wanted.shape)} was expected")
        if value.dtype == object:
            # Labels whose scores are as good as equal may change places; their scores are compared beside them.
            rows = zip(value.reshape(batch, -1).tolist(), wanted.reshape(batch, -1).tolist())
            _refuse_if(f"output {alias} of signature {name} at batch {batch} differs from Keras: {row[:5]}, and "
                       f"{right[:5]} was expected" for row, right in rows
                       if row != right and not _tied(expected, tolerance))
            continue
        scale = max(1.0, float(np.abs(wanted).max(initial=0)))
        difference = float(np.abs(value.astype(np.float64) - wanted).max(initial=0)) / scale
        allowed = tolerance if "scores" in alias else UNBOUNDED * tolerance
        if not difference <= allowed:
            raise VerificationError(f"output {alias} of signature {name} at batch {batch} differs from Keras by "
                                    f"{difference:.3g}, and {allowed:g} is allowed")
        largest = max(largest, difference)
    return {"signature": name, "batch": batch, "difference": largest}


def _tied(expected, tolerance):
    """Whether two labels beside each other in the ranking have the same score, as far as can be told."""
    scores = np.sort(expected["scores"], 1) if "scores" in expected else np.zeros((1, 2))
    return bool((np.diff(scores, axis=1) <= 2 * tolerance).any())


def _refuse_if(reasons):
    reasons = list(reasons)
    if reasons:
        raise VerificationError("; ".join(reasons))
