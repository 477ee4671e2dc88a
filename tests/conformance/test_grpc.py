"""gRPC, row by row of TensorFlow Serving's tables: its own messages over a real socket to the embedded server."""

import re

import grpc
import numpy as np
import pytest

from serving.tensors import dtypes, tensor_proto
from serving.tensors.protos import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
    tensor_pb2,
    types_pb2,
)

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


@pytest.fixture(scope="module")
def prediction(running):
    return prediction_service_pb2_grpc.PredictionServiceStub(running.channel)


def spec(message, name="toys", signature="", version=None, label=None):
    message.name, message.signature_name = name, signature
    if version is not None:
        message.version.value = version
    if label is not None:
        message.version_label = label
    return message


def predict_request(signature="", inputs=None, output_filter=(), **options):
    request = predict_pb2.PredictRequest(output_filter=output_filter)
    spec(request.model_spec, signature=signature, **options)
    for alias, value in (inputs if inputs is not None else {"x": np.float32([1, 2])}).items():
        proto = value if isinstance(value, tensor_pb2.TensorProto) else tensor_proto.from_array(value)
        request.inputs[alias].CopyFrom(proto)
    return request


def examples_request(kind, signature, values=(2.0, 4.0), **options):
    request = kind()
    spec(request.model_spec, signature=signature, **options)
    for value in values:
        request.input.example_list.examples.add().features.feature["x"].float_list.value.append(value)
    return request


def several(*tasks, values=(2.0,)):
    request = inference_pb2.MultiInferenceRequest()
    for name, signature, method in tasks:
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = name, signature
    for value in values:
        request.input.example_list.examples.add().features.feature["x"].float_list.value.append(value)
    return request


def metadata_request(*fields, **options):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    spec(request.model_spec, **options)
    return request


def refused(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=30)
    return caught.value.code().name, caught.value.details()


A, B = np.float32([1]), np.float32([2])
UNREADABLE = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=b"12345")
UNREADABLE.tensor_shape.dim.add(size=1)
CLASS, REGR = classification_pb2.ClassificationRequest, regression_pb2.RegressionRequest

ERRORS = {  # case: (method, request, code, message as a regular expression)
    "no model_spec": ("Predict", predict_pb2.PredictRequest(), "INVALID_ARGUMENT", r"^Missing ModelSpec$"),
    "empty name": ("Predict", predict_request(name=""), "INVALID_ARGUMENT", r"^ModelSpec has no name specified\.$"),
    "model unknown": ("Predict", predict_request(name="nobody"), "NOT_FOUND",
                      r"^Servable not found for request: Latest\(nobody\)$"),
    "version unknown": ("Predict", predict_request(version=99), "NOT_FOUND",
                        r"^Servable not found for request: Specific\(toys, 99\)$"),
    "label unknown": ("Predict", predict_request(label="beta"), "INVALID_ARGUMENT",
                      r"^Unrecognized servable version label: beta$"),
    "signature unknown": ("Predict", predict_request("nothing"), "FAILED_PRECONDITION",
                          r'^Serving signature key "nothing" not found\.$'),
    "classify, signature unknown": ("Classify", examples_request(CLASS, "nothing"), "INVALID_ARGUMENT",
                                    r"^No signature was found with the name: nothing$"),
    "regress, signature unknown": ("Regress", examples_request(REGR, "nothing"), "INVALID_ARGUMENT",
                                   r"^No signature was found with the name: nothing$"),
    "several, signature unknown": ("MultiInference", several(("toys", "nothing", CLASSIFY)), "INVALID_ARGUMENT",
                                   r"^Requested signature not found in model graph: nothing$"),
    "too many inputs": (
        "Predict", predict_request(inputs={"a": A, "b": B}), "INVALID_ARGUMENT",
        r"^input size does not match signature: 2!=1 len\(\{a,b\}\) != len\(\{x\}\)\. Sent extra: \{a,b\}\. "
        r"Missing but required: \{x\}\.$"),
    "too few inputs": ("Predict", predict_request(inputs={}), "INVALID_ARGUMENT",
                       r"^input size does not match signature: 0!=1 "),
    "wrong name": ("Predict", predict_request(inputs={"z": A}), "INVALID_ARGUMENT",
                   r"^Signature input alias: x\(feed name: serving_default_x:0\) not found in request and no default "
                   r"value provided"),
    "undecodable tensor": ("Predict", predict_request(inputs={"x": UNREADABLE}), "INVALID_ARGUMENT",
                           r"^tensor parsing error: x$"),
    "wrong dtype": ("Predict", predict_request(inputs={"x": np.int32([1])}), "INVALID_ARGUMENT",
                    r"^Expects arg\[0\] to be float but int32 is provided$"),
    "output_filter unknown": ("Predict", predict_request(output_filter=["z"]), "INVALID_ARGUMENT",
                              r"^output tensor alias not found in signature: z Outputs expected to be in the set "
                              r"\{y\}\.$"),
    "output_filter repeated": ("Predict", predict_request(output_filter=["y", "y"]), "INVALID_ARGUMENT",
                               r"^duplicate output tensor alias: y$"),
    "names are checked before the filter": ("Predict", predict_request(inputs={"z": A}, output_filter=["z"]),
                                            "INVALID_ARGUMENT", r"^Signature input alias: x"),
    "wrong shape": ("Predict", predict_request("matrix", {"x": np.zeros((1, 2), np.float32)}), "INVALID_ARGUMENT",
                    r"Matrix size-incompatible"),
    "classify with two inputs": ("Classify", examples_request(CLASS, "two_inputs"), "INVALID_ARGUMENT",
                                 r"^Expected one input Tensor\.$"),
    "classify with three outputs": ("Classify", examples_request(CLASS, "three_outputs"), "INVALID_ARGUMENT",
                                    r"^Expected one or two output Tensors, found 3$"),
    "classify with other names": ("Classify", examples_request(CLASS, "odd_names"), "INVALID_ARGUMENT",
                                  r"^No classification inputs found in SignatureDef: "),
    "several, other method": ("MultiInference", several(("toys", "classify", "predict")), "UNIMPLEMENTED",
                              r"^Unsupported signature method_name: predict$"),
    "several, twice the same": ("MultiInference", several(("toys", "regress", REGRESS), ("toys", "regress", REGRESS)),
                                "INVALID_ARGUMENT", r"^Duplicate evaluation of signature: regress$"),
    "several, two models": ("MultiInference", several(("toys", "regress", REGRESS), ("old", "regress", REGRESS)),
                            "INVALID_ARGUMENT", r"^All ModelSpecs .* same model name\.$"),
    "metadata without a field": ("GetModelMetadata", metadata_request(), "INVALID_ARGUMENT",
                                 r"^GetModelMetadataRequest must specify at least one metadata_field$"),
    "metadata, other field": ("GetModelMetadata", metadata_request("weights"), "INVALID_ARGUMENT",
                              r"^Metadata field weights is not supported$"),
    "metadata, model unknown": ("GetModelMetadata", metadata_request("signature_def", name="nobody"), "NOT_FOUND",
                                r"^Servable not found for request: Latest\(nobody\)$"),
    "no examples": ("Classify", examples_request(CLASS, "classify", ()), "INVALID_ARGUMENT", r"^Input is empty\.$"),
    "a long message is cut": ("Predict", predict_request("n" * 3000), "FAILED_PRECONDITION",
                              r"^.{1024}\.\.\.TRUNCATED$"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error(prediction, case):
    method, request, code, message = ERRORS[case]
    found = refused(getattr(prediction, method), request)
    assert found[0] == code
    assert re.search(message, found[1], re.DOTALL), found[1]


def values(response):
    return {alias: tensor_proto.to_array(proto).tolist() for alias, proto in response.outputs.items()}


ANSWERS = {  # case: (request, outputs, (name, signature, version) of the answer's model_spec)
    "default signature": (predict_request(), {"y": [2.5, 3.0]}, ("toys", "serving_default", 1)),
    "named signature": (predict_request("any_shape", {"x": np.float32(3)}), {"y": 3.0}, ("toys", "any_shape", 1)),
    "newest version": (predict_request(name="two"), {"y": [5.0, 8.0]}, ("two", "serving_default", 2)),
    "version": (predict_request(name="two", version=1), {"y": [2.5, 3.0]}, ("two", "serving_default", 1)),
    "label is not echoed": (predict_request(name="two", label="stable"), {"y": [2.5, 3.0]},
                            ("two", "serving_default", 1)),
    "TensorFlow 1": (predict_request(name="old"), {"y": [2.5, 3.0]}, ("old", "serving_default", 123)),
    "output_filter": (predict_request("two_inputs", {"a": A, "b": B}, ["sum"]), {"sum": [3.0]},
                      ("toys", "two_inputs", 1)),
    "default value": (predict_request("two_inputs", {"a": A}, ["sum"]), {"sum": [11.0]}, ("toys", "two_inputs", 1)),
    "strings": (predict_request("text", {"text": np.array([b"\xff", b"ab"], object)}),
                {"echo": [b"\xff", b"ab"], "echo_bytes": [b"\xff", b"ab"], "length": [1, 2]}, ("toys", "text", 1)),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answer(prediction, case):
    request, outputs, about = ANSWERS[case]
    response = prediction.Predict(request)
    assert values(response) == outputs
    answered = response.model_spec
    assert (answered.name, answered.signature_name, answered.version.value) == about
    assert answered.WhichOneof("version_choice") == "version"


DTYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "float64", "float16",
          "bfloat16", "complex64"]


@pytest.mark.parametrize("form", ["content", "typed"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_in_both_forms(prediction, dtype, form):
    number = getattr(types_pb2, "DT_" + {"float64": "DOUBLE", "float16": "HALF"}.get(dtype, dtype.upper()))
    array = np.array([0, 1, 1]).astype(dtypes.numpy_dtype(number))
    proto = tensor_proto.from_array(array, typed_fields=form == "typed")
    answer = prediction.Predict(predict_request(f"echo_{dtype}", {"x": proto})).outputs["y"]
    assert answer.dtype == number
    assert answer.tensor_content == b"", "typed fields unless the flag asks for content"
    np.testing.assert_array_equal(tensor_proto.to_array(answer), array)


@pytest.mark.parametrize(("given", "size", "read"), [
    ([3], 3, [3, 3, 3]), ([1, 2], 3, [1, 2, 2]), ([], 2, [0, 0]), ([1, 2, 3], 2, [1, 2])])
def test_typed_fields_stretch_and_are_cut(prediction, given, size, read):
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_INT32, int_val=given)
    proto.tensor_shape.dim.add(size=size)
    assert values(prediction.Predict(predict_request("echo_int32", {"x": proto}))) == {"y": read}


def test_classify(prediction):
    response = prediction.Classify(examples_request(CLASS, "classify"))
    rows = [[(c.label, c.score) for c in row.classes] for row in response.result.classifications]
    assert rows == [[("even", 3.0)], [("even", 4.0)]]
    assert response.model_spec.signature_name == "classify"
    assert response.model_spec.version.value == 1
    bare = prediction.Classify(examples_request(CLASS, "classify_scores"))
    assert bare.result.classifications[0].classes[0].label == ""


def test_regress(prediction):
    response = prediction.Regress(examples_request(REGR, "regress"))
    assert [r.value for r in response.result.regressions] == [3.0, 4.0]
    old = prediction.Regress(examples_request(REGR, "regress", name="old"))
    assert [r.value for r in old.result.regressions] == [3.0, 4.0]


def test_shared_context(prediction):
    request = REGR()
    spec(request.model_spec, signature="regress")
    shared = request.input.example_list_with_context
    shared.context.features.feature["x"].float_list.value.append(6.0)
    shared.examples.add()
    assert [r.value for r in prediction.Regress(request).result.regressions] == [5.0]


def test_several_at_once(prediction):
    response = prediction.MultiInference(several(("old", "regress", REGRESS), ("old", "classify", CLASSIFY)))
    regression, classification = response.results
    assert regression.regression_result.regressions[0].value == 3.0
    assert classification.classification_result.classifications[0].classes[0].score == 3.0
    assert (regression.model_spec.signature_name, classification.model_spec.version.value) == ("regress", 123)


@pytest.mark.parametrize("values", [(2.0,), (2.0, 4.0, 6.0)])
def test_several_whose_inputs_are_different_tensors(prediction, values):
    """As upstream's testMultiInferenceTf2: the one input is fed to all of them."""
    names = [("regress", REGRESS), ("classify", CLASSIFY), ("regress_x2", REGRESS), ("classify_scores", CLASSIFY)]
    response = prediction.MultiInference(several(*(("toys", *name) for name in names), values=values))
    regressed, classified, absent, scored = response.results
    lines = [value / 2 + 2 for value in values]
    assert [r.value for r in regressed.regression_result.regressions] == lines
    assert [r.value for r in absent.regression_result.regressions] == [2.0] * len(values)
    for result in (classified, scored):
        assert [c.classes[0].score for c in result.classification_result.classifications] == lines
    assert classified.classification_result.classifications[0].classes[0].label == "even"
    assert [result.model_spec.signature_name for result in response.results] == [name for name, _ in names]


def test_metadata(prediction):
    response = prediction.GetModelMetadata(metadata_request("signature_def", name="two", label="stable"))
    assert (response.model_spec.name, response.model_spec.signature_name) == ("two", "")
    assert response.model_spec.version.value == 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def["serving_default"].inputs["x"].dtype == types_pb2.DT_FLOAT
    assert "__saved_model_init_op" in signatures.signature_def


def test_deadline(prediction):
    with pytest.raises(grpc.RpcError) as caught:
        prediction.Predict(predict_request("slow", {"x": np.float32([1e6])}), timeout=0.5)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_large_messages_pass(prediction):
    array = np.zeros(3_000_000, np.float64)
    answer = prediction.Predict(predict_request("echo_float64", {"x": array}))
    assert tensor_proto.to_array(answer.outputs["y"]).shape == array.shape


def test_malformed_message_gets_a_status(running):
    call = running.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    assert refused(call, b"\xff\xff\xff")[0] == "INTERNAL"
    unknown = running.channel.unary_unary("/tensorflow.serving.PredictionService/Explain")
    assert refused(unknown, b"")[0] == "UNIMPLEMENTED"


def test_content_form_of_answers(serve, models):
    with serve(model_base_path=str(models / "toys"), model_name="toys",
               enable_serialization_as_tensor_content=True) as running:
        answer = prediction_service_pb2_grpc.PredictionServiceStub(running.channel).Predict(predict_request())
    assert answer.outputs["y"].tensor_content == np.float32([2.5, 3.0]).tobytes()


@pytest.mark.parametrize("text", ["grpc.max_receive_message_length=100",
                                  "grpc.max_receive_message_length=9999999, grpc.max_receive_message_length=100"])
def test_channel_arguments_replace_our_own(serve, models, text):
    with serve(model_base_path=str(models / "toys"), model_name="toys", grpc_channel_arguments=text) as running:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(running.channel)
        assert tensor_proto.to_array(stub.Predict(predict_request("", {"x": np.float32([1])})).outputs["y"]) == [2.5]
        assert refused(stub.Predict, predict_request("", {"x": np.ones(100, np.float32)}))[0] == "RESOURCE_EXHAUSTED"
