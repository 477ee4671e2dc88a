"""Requests that a server runs while it loads a version, so that the first user does not wait for the first run.

TensorFlow Serving's own form: PredictionLog messages in a TFRecord file in the version's assets.extra folder.
"""

import numpy as np

from serving.tensors import tensor_proto
from serving.tensors.protos import example_pb2, prediction_log_pb2
from serving.verify import gif

WARMUP_FILE = "tf_serving_warmup_requests"


def warmup_requests(names, clip, picture, batches=(1,)):
    """One PredictionLog for every signature and batch size: grey clips, in few bytes where the message allows it.

    Args:
        names: {signature: alias of its input}.
        clip: ClipSpec.
        picture: bytes. A JPEG file of the clip's height and width.
        batches: ints.
    """
    pictures = [picture] * clip.frames
    pixels = {"serving_default": clip.shape, "features": clip.shape, "spans": clip.shape,
              "predict_views": (1, *clip.shape)}
    strings = {
        "predict_jpeg": pictures,
        "predict_jpeg_views": [pictures],
        "predict_raw": bytes([128]) * int(np.prod(clip.shape)),
        "predict_gif": gif.encode(np.full(clip.shape[:-1], 128, np.uint8)),
        "describe": b"clip",
    }
    for name, alias in names.items():
        for batch in batches:
            if name == "classify":
                yield classify_log(name, [frames_example(pictures)] * batch)
            elif name in pixels:
                yield predict_log(name, {alias: _gray((batch, *pixels[name]))})
            else:
                yield predict_log(name, {alias: tensor_proto.from_array(np.array([strings[name]] * batch, object))})


def _gray(shape):
    """A whole clip in a few bytes: a typed field that is shorter than the shape repeats its last value."""
    proto = tensor_proto.from_array(np.uint8(128), typed_fields=True)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def predict_log(signature, inputs, outputs=None):
    """A recorded Predict call: TensorProtos by alias, with the answer if it is known."""
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = signature
    for alias, proto in inputs.items():
        log.predict_log.request.inputs[alias].CopyFrom(proto)
    for alias, proto in (outputs or {}).items():
        log.predict_log.response.outputs[alias].CopyFrom(proto)
    return log


def classify_log(signature, examples):
    """A recorded Classify call on tf.Example messages."""
    log = prediction_log_pb2.PredictionLog()
    request = log.classify_log.request
    request.model_spec.signature_name = signature
    request.input.example_list.examples.extend(examples)
    return log


def frames_example(pictures):
    """The tf.Example that the `classify` signature reads: JPEG files under `frames_bytes`."""
    example = example_pb2.Example()
    example.features.feature["frames_bytes"].bytes_list.value.extend(pictures)
    return example


def inputs_of(log):
    """(signature name, {alias: array}) of a recorded Predict, Classify or Regress call, as the session takes it.

    Raises:
        ValueError: for a kind of log that no server replays.
    """
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        request = log.predict_log.request
        arrays = {alias: tensor_proto.to_array(proto) for alias, proto in request.inputs.items()}
        return request.model_spec.signature_name or "serving_default", arrays
    if kind in ("classify_log", "regress_log"):
        request = getattr(log, kind).request
        examples = [example.SerializeToString() for example in request.input.example_list.examples]
        return request.model_spec.signature_name or "serving_default", {"inputs": np.array(examples, object)}
    raise ValueError(f"A warm-up record must be a predict_log, classify_log or regress_log. Received: {kind}.")
