"""What a request of the gRPC edge holds, and what its answer is filled with: TensorFlow Serving's messages."""

from serving.errors import invalid
from serving.models import inference
from serving.tensors import tensor_proto


def fill_spec(spec, servable, signature_name=None):
    spec.name, spec.version.value = servable.name, servable.version
    if signature_name is not None:
        spec.signature_name = signature_name or inference.DEFAULT_SIGNATURE


def decode(alias, proto):
    try:
        return tensor_proto.to_array(proto, tensor_proto.MOST_STRETCHED)
    except ValueError:
        raise invalid(f"tensor parsing error: {alias}") from None


def fill_classification(result, classes, scores):
    present = classes if classes is not None else scores
    for row in range(len(present)):
        entry = result.classifications.add()
        for column in range(present.shape[1]):
            label = classes[row, column].decode("utf-8", "replace") if classes is not None else ""
            entry.classes.add(label=label, score=float(scores[row, column]) if scores is not None else 0.0)


def fill_regression(result, values):
    for value in values.tolist():
        result.regressions.add(value=value)
