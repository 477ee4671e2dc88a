"""Status and metadata of a model as messages and as the JSON that TensorFlow Serving prints of them."""

import inspect
import json

from google.protobuf import json_format

from serving.errors import invalid
from serving.models.state import AVAILABLE, END, LOADING, START, UNLOADING
from serving.tensors.protos import get_model_metadata_pb2, get_model_status_pb2

_STATES = {START: 10, LOADING: 20, AVAILABLE: 30, UNLOADING: 40, END: 50}
_ALL_FIELDS = "always_print_fields_with_no_presence"
if _ALL_FIELDS not in inspect.signature(json_format.MessageToDict).parameters:
    _ALL_FIELDS = "including_default_value_fields"  # its name before protobuf 5.26, which TensorFlow 2.17 comes with


def status_message(statuses):
    """A GetModelStatusResponse of what `ModelStore.status` tells."""
    response = get_model_status_pb2.GetModelStatusResponse()
    for version, state, error in statuses:
        entry = response.model_version_status.add(version=version, state=_STATES[state])
        if error is not None:
            entry.status.error_code, entry.status.error_message = error.number, error.message
        else:
            entry.status.SetInParent()
    return response


def signature_map(servable):
    """The SignatureDefMap of a version."""
    message = get_model_metadata_pb2.SignatureDefMap()
    for name, definition in servable.signature_defs.items():
        message.signature_def[name].CopyFrom(definition)
    return message


def check_fields(fields):
    """Refuses metadata requests for anything but signatures.

    Raises:
        ServingError: INVALID_ARGUMENT.
    """
    if not fields:
        raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
    for field in fields:
        if field != "signature_def":
            raise invalid(f"Metadata field {field} is not supported")


def status_json(statuses):
    """The body of `GET /v1/models/NAME`."""
    message = status_message(statuses)
    # The proto has no presence for an absent status; TensorFlow Serving prints one all the same.
    return _printed(_as_dict(message))


def metadata_json(servable):
    """The body of `GET /v1/models/NAME/metadata`."""
    spec = {"name": servable.name, "signature_name": "", "version": str(servable.version)}
    return _printed({"model_spec": spec, "metadata": {"signature_def": _as_dict(signature_map(servable))}})


def _as_dict(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True, **{_ALL_FIELDS: True})


def _printed(value):
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
