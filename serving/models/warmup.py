"""Runs the requests that an export ships for warming up, before its version answers anybody.

TensorFlow Serving's form and rules: at most 1000 records, and a record that fails keeps the version from loading.
"""

import time

from serving.errors import ServingError, invalid
from serving.models import inference
from serving.tensors import tensor_proto, tfrecord
from serving.tensors.protos import prediction_log_pb2

FILE = "assets.extra/tf_serving_warmup_requests"
MAX_RECORDS = 1000


def warm_up(servable, path, iterations=1):
    """Runs every record of a version's warm-up file.

    Args:
        servable: what `inference` runs.
        path: pathlib.Path of the version folder.
        iterations: int. How often each record runs.

    Returns:
        `(records, seconds)`; `(0, 0.0)` where there is no such file.

    Raises:
        ServingError: for a record that does not parse, is of an unsupported kind or fails.
    """
    file = path / FILE
    if not file.exists():
        return 0, 0.0
    start, count = time.monotonic(), 0
    try:
        for record in tfrecord.read(file):
            count += 1
            if count > MAX_RECORDS:
                raise invalid(f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {file}")
            log = prediction_log_pb2.PredictionLog.FromString(record)
            for _ in range(max(1, iterations)):
                _run(servable, log)
    except ServingError:
        raise
    except Exception as error:  # a damaged file, a message that does not parse
        raise ServingError("DATA_LOSS", f"Failed to read warmup record {count} of {file}: {error}") from error
    return count, time.monotonic() - start


def _run(servable, log):
    kind = log.WhichOneof("log_type")
    request = getattr(log, kind).request if kind else None
    if kind == "predict_log":
        decoded = {alias: tensor_proto.to_array(proto) for alias, proto in request.inputs.items()}
        inference.predict(servable, request.model_spec.signature_name, decoded, request.output_filter)
    elif kind in ("classify_log", "regress_log"):
        run = inference.classify if kind == "classify_log" else inference.regress
        run(servable, request.model_spec.signature_name, lambda: inference.serialized_examples(request.input))
    elif kind == "multi_inference_log":
        tasks = [(task.method_name, task.model_spec.signature_name) for task in request.tasks]
        inference.several(servable, tasks, lambda: inference.serialized_examples(request.input))
    else:
        raise ServingError("UNIMPLEMENTED", f"Unsupported log_type for warmup: {kind}")
