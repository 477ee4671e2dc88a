"""TensorFlow Serving's configuration files; three of their messages are declared here because no package ships them.

Protobuf itself parses the text.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from serving.tensors.protos import config_pb2, model_server_config_pb2

_PACKAGE = "res3d.serving.config"
_FIELD = descriptor_pb2.FieldDescriptorProto
_WRAPPERS = {"Int64": ".google.protobuf.Int64Value", "Bool": ".google.protobuf.BoolValue",
             "String": ".google.protobuf.StringValue"}
_SCALARS = {"bool": _FIELD.TYPE_BOOL, "string": _FIELD.TYPE_STRING, "int64": _FIELD.TYPE_INT64}
# message: ((field, type, number, repeated), ...). Only the text form travels, so the numbers are our own.
_MESSAGES = {
    "BatchingParameters": (
        ("max_batch_size", "Int64"), ("batch_timeout_micros", "Int64"), ("max_enqueued_batches", "Int64"),
        ("num_batch_threads", "Int64"), ("thread_pool_name", "String"), ("allowed_batch_sizes", "int64*"),
        ("pad_variable_length_inputs", "bool"), ("enable_large_batch_splitting", "Bool"),
        ("max_execution_batch_size", "Int64"),
    ),
    "PrometheusConfig": (("enable", "bool"), ("path", "string")),
    "MonitoringConfig": (("prometheus_config", "PrometheusConfig"),),
    "SSLConfig": (("server_key", "string"), ("server_cert", "string"), ("custom_ca", "string"),
                  ("client_verify", "bool")),
}


def _declare():
    file = descriptor_pb2.FileDescriptorProto(name="res3d_serving_config.proto", package=_PACKAGE, syntax="proto3",
                                              dependency=[wrappers_pb2.DESCRIPTOR.name])
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            label = _FIELD.LABEL_REPEATED if kind.endswith("*") else _FIELD.LABEL_OPTIONAL
            kind = kind.removesuffix("*")
            if kind in _SCALARS:
                message.field.add(name=field, number=number, label=label, type=_SCALARS[kind])
            else:
                message.field.add(name=field, number=number, label=label, type=_FIELD.TYPE_MESSAGE,
                                  type_name=_WRAPPERS.get(kind, f".{_PACKAGE}.{kind}"))
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
            for name in _MESSAGES}


_CLASSES = {**_declare(), "ModelServerConfig": model_server_config_pb2.ModelServerConfig,
            "ConfigProto": config_pb2.ConfigProto}


def parse(text, message):
    """A text proto as its message.

    Args:
        text: str.
        message: str. "BatchingParameters", "MonitoringConfig", "SSLConfig", "ModelServerConfig" or "ConfigProto".

    Raises:
        ValueError: with the line and column of the first mistake.

    >>> parse("max_batch_size { value: 8 } allowed_batch_sizes: 4", "BatchingParameters").max_batch_size.value
    8
    """
    try:
        return text_format.Parse(text, _CLASSES[message]())
    except text_format.ParseError as error:
        raise ValueError(f"Error parsing text-format tensorflow.serving.{message}: {error}") from None


def read(path, message):
    """The message in a text file; a mistake names the file.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not a text proto of that message.
    """
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return parse(text, message)
    except ValueError as error:
        raise ValueError(f"{error} in file '{path}'. Correct the file.") from None
