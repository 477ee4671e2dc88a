"""REST, row by row of TensorFlow Serving's tables: each vector goes over a real socket to the embedded server."""

import base64
import json
import re

import pytest

TOYS, TWO, OLD = "/v1/models/toys", "/v1/models/two", "/v1/models/old"
PREDICT, CLASSIFY, REGRESS = TOYS + ":predict", TOYS + ":classify", TOYS + ":regress"


def ask(running, body, path=PREDICT, **options):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return running.http.post(path, content=content, **options)


def named(signature, **members):
    return {"signature_name": signature, **members}


ERRORS = {  # case: (path, body, HTTP status, the stable part of the message as a regular expression)
    "path": ("/v1/models/toys:explain", {}, 400, r"Malformed request: POST /v1/models/toys:explain$"),
    "path deeper": ("/v1/models/toys/predict", {}, 400, r"Malformed request: POST "),
    "query string": (TOYS + ":predict?a=1", {"instances": [1.0]}, 400, r"Malformed request: POST .*:predict\?a=1$"),
    "method in capitals": (TOYS + ":PREDICT", {"instances": [1.0]}, 400, r"Malformed request: POST "),
    "version over int64": (TOYS + "/versions/99999999999999999999:predict", {"instances": [1.0]}, 400,
                           r"^Failed to convert version: 99999999999999999999 to numeric\.$"),
    "version of thousands of digits": (f"{TOYS}/versions/{'0' * 20}{'9' * 5000}:predict", {"instances": [1.0]}, 400,
                                       r"^Failed to convert version: 0{20}9{4049}\.\.\.TRUNCATED$"),  # 4096 in all
    "model unknown": ("/v1/models/nobody:predict", {"instances": [1.0]}, 404,
                      r"^Servable not found for request: Latest\(nobody\)$"),
    "version unknown": (TOYS + "/versions/99:predict", {"instances": [1.0]}, 404,
                        r"^Servable not found for request: Specific\(toys, 99\)$"),
    "label unknown": (TWO + "/labels/beta:predict", {"instances": [1.0]}, 400,
                      r"^Unrecognized servable version label: beta$"),
    "empty body": (PREDICT, b"", 400, r"^JSON Parse error: The document is empty"),
    "white body": (PREDICT, b"  ", 400, r"^JSON Parse error: The document is empty"),
    "bad JSON": (PREDICT, b"x", 400, r"^JSON Parse error: Invalid value\. at offset: 0$"),
    "cut JSON": (PREDICT, b'{"instances": [1.0', 400, r"^JSON Parse error: .* at offset: \d+$"),
    "bare array": (PREDICT, b"[1.0]", 400, r"^JSON Value: .* Is not object$"),
    "signature_name of another type": (PREDICT, {"signature_name": 1, "instances": [1.0]}, 400,
                                       r"'signature_name' key must be a string value\."),
    "signature unknown": (PREDICT, named("nothing", instances=[1.0]), 400,
                          r'^Serving signature name: "nothing" not found in signature def$'),
    "signature unknown, classify": (CLASSIFY, named("nothing", examples=[{"x": 1.0}]), 400,
                                    r"^No signature was found with the name: nothing$"),
    "signature unknown, regress": (REGRESS, named("nothing", examples=[{"x": 1.0}]), 400,
                                   r"^No signature was found with the name: nothing$"),
    "both forms": (PREDICT, {"instances": [1.0], "inputs": [1.0]}, 400,
                   r"Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"),
    "no form": (PREDICT, {}, 400, r"^Missing 'inputs' or 'instances' key$"),
    "instances no list": (PREDICT, {"instances": 1.0}, 400, r"Expecting 'instances' to be an list/array"),
    "instances empty": (PREDICT, {"instances": []}, 400, r"No values in 'instances' array"),
    "plain list for two inputs": (PREDICT, named("two_inputs", instances=[1.0]), 400,
                                  r"^instances is a plain list, but expecting list of objects as multiple input "
                                  r"tensors required as per tensorinfo_map$"),
    "plain value for two inputs": (PREDICT, named("two_inputs", inputs=[1.0]), 400,
                                   r"^inputs is a plain value/list, but expecting an object"),
    "unknown key": (PREDICT, named("two_inputs", instances=[{"a": 1.0, "b": 1.0, "c": 1.0}]), 400,
                    r"^Failed to process element: 0 key: c of 'instances' list\. Error: INVALID_ARGUMENT: "
                    r"JSON object: does not have named input: c$"),
    "missing key": (PREDICT, named("two_inputs", instances=[{"a": 1.0}]), 400, r"keys must be equal to: a,b$"),
    "missing key in inputs": (PREDICT, named("two_inputs", inputs={"a": [1.0]}), 400,
                              r"^Missing named input: b in 'inputs' object\.$"),
    "list among objects": (PREDICT, named("two_inputs", instances=[{"a": 1.0, "b": 1.0}, [1.0]]), 400,
                           r"^Expecting object but got list at item 1 of input list$"),
    "object among lists": (PREDICT, {"instances": [1.0, {"x": 1.0}]}, 400,
                           r"^Expecting value/list but got object at item 1 of input list$"),
    "wrong element type": (PREDICT, {"instances": ["x"]}, 400,
                           r'JSON Value: "x" Type: String is not of expected type: float$'),
    "null": (PREDICT, {"instances": [None]}, 400, r"Type: Null is not of expected type: float$"),
    "bool for float": (PREDICT, {"instances": [True]}, 400, r"Type: True is not of expected type: float$"),
    "float for int": (PREDICT, named("echo_int32", instances=[1.0]), 400,
                      r"JSON Value: 1\.0 Type: Number is not of expected type: int32$"),
    "beyond int32": (PREDICT, named("echo_uint8", instances=[2**31]), 400, r"is not of expected type: uint8$"),
    "negative for uint32": (PREDICT, named("echo_uint32", instances=[-1]), 400,
                            r"is not of expected type: uint32$"),
    "beyond int64": (PREDICT, named("echo_int64", instances=[2**63]), 400, r"is not of expected type: int64$"),
    "int for bool": (PREDICT, named("echo_bool", instances=[1]), 400, r"is not of expected type: bool$"),
    "number for string": (PREDICT, named("text", instances=[1]), 400, r"is not of expected type: string$"),
    "ragged rows": (PREDICT, named("matrix", instances=[[1.0, 2.0], [3.0]]), 400,
                    r"Expecting tensor size: 2 but got: 1$"),
    "ragged shapes": (PREDICT, named("any_shape", instances=[[[1.0, 2.0]], [[1.0], [2.0]]]), 400,
                      r"Expecting shape \[1,2\] but got: \[2,1\]$"),
    "ragged inside a row": (PREDICT, named("any_shape", instances=[[[1.0, 2.0], [3.0]]]), 400,
                            r"Encountered list at unexpected size: 1 at level: 1 expected size: 2$"),
    "value among lists": (PREDICT, named("any_shape", inputs=[[1.0], 2.0]), 400,
                          r"found at incorrect level: 2 in the JSON DOM\. Expected at level: 2$"),
    "list among values": (PREDICT, named("any_shape", inputs=[1.0, [2.0]]), 400,
                          r"^Encountered list at unexpected level: 1 expected < 1$"),
    "bad base64": (PREDICT, named("text", instances=[{"b64": "?"}]), 400, r"Unable to base64 decode$"),
    "URL-safe base64": (PREDICT, named("text", instances=[{"b64": "_-8="}]), 400, r"Unable to base64 decode$"),
    "base64 with other keys": (PREDICT, named("text", inputs=[{"b64": "aGk=", "c": 1}]), 400,
                               r"not formatted correctly for base64 data$"),
    "wrong shape for the graph": (PREDICT, named("matrix", instances=[[1.0, 2.0]]), 400,
                                  r"Matrix size-incompatible: In\[0\]: \[1,2\], In\[1\]: \[3,2\]"),
    "input half": (PREDICT, named("echo_float16", inputs=[1.0]), 501,
                   r"^Conversion of JSON Value: 1\.0 to type: half$"),
    "input uint16": (PREDICT, named("echo_uint16", inputs=[1]), 501,
                     r"^Conversion of JSON Value: 1 to type: uint16$"),
    "input bfloat16": (PREDICT, named("echo_bfloat16", instances=[1.0]), 501,
                       r"Conversion of JSON Value: 1\.0 to type: bfloat16$"),
    "input complex": (PREDICT, named("echo_complex64", inputs=[1.0]), 501,
                      r"^Conversion of JSON Value: 1\.0 to type: complex64$"),
    "output half": (PREDICT, named("to_float16", instances=[1.0]), 400,
                    r"^Failed to write JSON value for tensor type: half$"),
    "row form of a scalar": (PREDICT, named("scalar_output", instances=[1.0]), 400,
                             r"^Tensor name: total has no shape information"),
    "row form of odd batches": (PREDICT, named("odd_output", instances=[1.0]), 400,
                                r"^Tensor name: [yz] has inconsistent batch size: [12] expecting: [12]$"),
    "timed out while running": (PREDICT, named("slow", instances=[1e6]), 504, r"."),
    "examples missing": (CLASSIFY, named("classify"), 400, r"key 'examples' is expected and was not found"),
    "examples no list": (CLASSIFY, named("classify", examples={}), 400, r"'examples' value to be an list/array"),
    "examples empty": (CLASSIFY, named("classify", examples=[]), 400, r"'examples' value is an empty array"),
    "example no object": (CLASSIFY, named("classify", examples=[1]), 400,
                          r"^Example must be JSON object but got JSON Number$"),
    "mixed kinds in a feature": (CLASSIFY, named("classify", examples=[{"x": [1.5, 2]}]), 400,
                                 r"^Unexpected element type in feature: x expecting type: float$"),
    "list in a feature": (CLASSIFY, named("classify", examples=[{"x": [[1.5]]}]), 400,
                          r"^Feature: x has element with unexpected JSON type: Array$"),
    "uint64 in a feature": (CLASSIFY, named("classify", examples=[{"x": 2**63}]), 400,
                            r"^Feature: x has uint64 element\. Only int64 is supported\.$"),
    "int for a float feature": (REGRESS, named("regress", examples=[{"x": 2}]), 400, r"."),
    "classify with three outputs": (CLASSIFY, named("three_outputs", examples=[{"x": 1.0}]), 400,
                                    r"^Expected one or two output Tensors, found 3$"),
    "classify with other input": (CLASSIFY, named("odd_names", examples=[{"x": 1.0}]), 400,
                                  r"^No classification inputs found in SignatureDef: "),
    "regress with two outputs": (REGRESS, named("classify", examples=[{"x": 1.0}]), 400,
                                 r"^Expected one output Tensor\.$"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error(running, case):
    path, body, status, message = ERRORS[case]
    response = ask(running, body, path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    assert re.search(message, response.json()["error"], re.DOTALL), response.text


ANSWERS = {  # case: (path, body, answer)
    "row": (TOYS, {"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
    "row of named values": (TOYS, {"instances": [{"x": 1.0}, {"x": 2}]}, {"predictions": [2.5, 3.0]}),
    "ints for a float input": (TOYS, {"instances": [1, 2]}, {"predictions": [2.5, 3.0]}),
    "column": (TOYS, {"inputs": [1.0, 2.0]}, {"outputs": [2.5, 3.0]}),
    "column of names": (TOYS, {"inputs": {"x": [1.0], "extra keys": "are ignored here"}}, {"outputs": [2.5]}),
    "default signature by name": (TOYS, named("serving_default", instances=[1.0]), {"predictions": [2.5]}),
    "version": (TWO + "/versions/1", {"instances": [1.0]}, {"predictions": [2.5]}),
    "version with zeros": (TWO + "/versions/" + "0" * 30 + "1", {"instances": [1.0]}, {"predictions": [2.5]}),
    "newest version": (TWO, {"instances": [1.0]}, {"predictions": [5.0]}),
    "label": (TWO + "/labels/stable", {"instances": [1.0]}, {"predictions": [2.5]}),
    "label, percent-encoded": (TWO + "/labels/st%61ble", {"instances": [1.0]}, {"predictions": [2.5]}),
    "name, percent-encoded": ("/v1/models/t%6Fys", {"instances": [1.0]}, {"predictions": [2.5]}),
    "path in capitals": ("/V1/MODELS/toys", {"instances": [1.0]}, {"predictions": [2.5]}),
    "TensorFlow 1": (OLD, {"instances": [1.0, 2.0]}, {"predictions": [2.5, 3.0]}),
    "TensorFlow 1, leading zeros": (OLD + "/versions/123", {"instances": [1.0]}, {"predictions": [2.5]}),
    "several, rows": (TOYS, named("two_inputs", instances=[{"a": 1.0, "b": 2.0}, {"b": 5.0, "a": 3.0}]),
                      {"predictions": [{"sum": 3.0, "difference": -1.0}, {"sum": 8.0, "difference": -2.0}]}),
    "several, columns of other sizes": (TOYS, named("two_inputs", inputs={"a": [1.0, 2.0], "b": [1.0]}),
                                        {"outputs": {"sum": [2.0, 3.0], "difference": [0.0, 1.0]}}),
    "scalar in, column": (TOYS, named("any_shape", inputs=3.5), {"outputs": 3.5}),
    "scalar out, column": (TOYS, named("scalar_output", inputs=[1.0, 2.0]), {"outputs": 3.0}),
    "matrix": (TOYS, named("matrix", instances=[[1.0, 2.0, 3.0]]), {"predictions": [[6.0, 6.0]]}),
    "empty tensor": (TOYS, named("any_shape", inputs=[]), {"outputs": []}),
    "strings": (TOYS, named("text", instances=["hé", {"b64": "aGk="}]), {"predictions": [
        {"echo": "hé", "echo_bytes": {"b64": base64.b64encode("hé".encode()).decode()}, "length": 3},
        {"echo": "hi", "echo_bytes": {"b64": "aGk="}, "length": 2}]}),
    "base64 column": (TOYS, named("text", inputs={"b64": "aGk="}),
                      {"outputs": {"echo": "hi", "echo_bytes": {"b64": "aGk="}, "length": 2}}),
    "narrow ints wrap": (TOYS, named("echo_uint8", instances=[300, -1]), {"predictions": [44, 255]}),
    "int8": (TOYS, named("echo_int8", instances=[-5]), {"predictions": [-5]}),
    "int64": (TOYS, named("echo_int64", instances=[2**53 + 1, -(2**63)]), {"predictions": [2**53 + 1, -(2**63)]}),
    "uint32": (TOYS, named("echo_uint32", instances=[2**32 - 1]), {"predictions": [2**32 - 1]}),
    "uint64": (TOYS, named("echo_uint64", instances=[2**64 - 1]), {"predictions": [2**64 - 1]}),
    "bool": (TOYS, named("echo_bool", instances=[True, False]), {"predictions": [True, False]}),
    "double": (TOYS, named("echo_float64", instances=[0.1, 1e300]), {"predictions": [0.1, 1e300]}),
    "classify": (TOYS, named("classify", examples=[{"x": 2.0}, {"x": [4.0]}]),
                 {"results": [[["even", 3.0]], [["even", 4.0]]]}),
    "classify without classes": (TOYS, named("classify_scores", examples=[{"x": 2.0}]), {"results": [[["", 3.0]]]}),
    "classify with context": (TOYS, named("classify_scores", context={"x": 6.0}, examples=[{}]),
                              {"results": [[["", 5.0]]]}),
    "regress": (TOYS, named("regress", examples=[{"x": 2.0}, {"x": 4.0}]), {"results": [3.0, 4.0]}),
    "TensorFlow 1, classify": (OLD, named("classify", examples=[{"x": 2.0}]), {"results": [[["", 3.0]]]}),
    "TensorFlow 1, regress": (OLD, named("regress", examples=[{"x": 2.0}]), {"results": [3.0]}),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answer(running, case):
    path, body, answer = ANSWERS[case]
    kind = "regress" if "regress" in case else "classify" if "classify" in case else "predict"
    response = ask(running, body, f"{path}:{kind}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.json() == answer


def test_infinity_and_nan_come_and_go(running):
    response = ask(running, b'{"instances": [NaN, Infinity, -Infinity, 1e39]}')
    assert response.status_code == 200
    assert re.findall(r"[-\w.]+", response.text.partition("[")[2]) == ["NaN", "Infinity", "-Infinity", "Infinity"]


def test_floats_are_short_and_keep_a_point(running):
    response = ask(running, named("any_shape", instances=[0.1, 1 / 3, 1e10, 3.0, 123456.7, -0.0]))
    assert re.findall(r"[-+.\de]+", response.text.partition("[")[2]) == [
        "0.1", "0.333333343", "1e+10", "3.0", "123456.703", "-0.0"]


def test_bytes_after_the_first_value_are_ignored(running):
    assert ask(running, b'{"instances": [1.0]} [and so on').json() == {"predictions": [2.5]}


@pytest.mark.slow
@pytest.mark.parametrize("levels", [100_000, pytest.param(500_000, marks=pytest.mark.slow)])
def test_nesting_has_no_limit(running, levels):
    deep = b"[" * levels + b"]" * levels
    assert ask(running, b'{"unrelated": ' + deep + b', "instances": [1.0]}').json() == {"predictions": [2.5]}
    response = ask(running, b'{"instances": ' + deep + b"}")
    assert response.status_code == 400


def test_bytes_that_are_not_utf8_pass_through(running):
    response = ask(running, b'{"signature_name": "text", "instances": ["\xff"]}')
    assert b'"echo": "\xff"' in response.content
    assert b'{"b64": "/w=="}' in response.content


def test_long_whole_numbers_take_the_fast_path_unnoticed(running):
    rows = [list(range(i, i + 200)) for i in range(3)]
    assert ask(running, named("any_shape", instances=rows)).json() == {"predictions": [[float(v) for v in row]
                                                                                      for row in rows]}
    assert ask(running, named("echo_int32", instances=[*range(300), 1.0])).status_code == 400


def test_classify_reads_the_whole_body_before_it_looks_for_the_model(running):
    response = ask(running, {"examples": [1]}, "/v1/models/nobody:classify")
    assert response.status_code == 400
    assert "Example must be JSON object" in response.json()["error"]


def test_predict_looks_for_the_model_before_it_reads_the_tensors(running):
    assert ask(running, {"instances": "x"}, "/v1/models/nobody:predict").status_code == 404
    assert ask(running, {"signature_name": 1}, "/v1/models/nobody:predict").status_code == 400


def test_get_of_a_method_and_post_of_a_status(running):
    assert running.http.get(PREDICT).json() == {"error": f"Malformed request: GET {TOYS}:predict"}
    assert running.http.post(TOYS).json() == {"error": f"Malformed request: POST {TOYS}"}


def test_status(running):
    available = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert running.http.get(TWO).json() == {"model_version_status": [{"version": "2", **available},
                                                                     {"version": "1", **available}]}
    assert running.http.get(TWO + "/versions/1").json() == {"model_version_status": [{"version": "1", **available}]}
    labelled = running.http.get(TWO + "/labels/nonsense")
    assert len(labelled.json()["model_version_status"]) == 2, "the label is ignored"


@pytest.mark.parametrize(("path", "status", "message"), [
    ("/v1/models", 400, "Missing model name in request."),
    ("/v1/models/metadata", 404, "Could not find any versions of model metadata"),
    ("/v1/models/nobody", 404, "Could not find any versions of model nobody"),
    (TOYS + "/versions/99", 404, "Could not find version 99 of model toys"),
    (TOYS + "/versions/99999999999999999999", 400, "Failed to convert version: 99999999999999999999 to numeric."),
    ("/v1/models/nobody/metadata", 404, "Servable not found for request: Latest(nobody)"),
    (TOYS + "/versions/99/metadata", 404, "Servable not found for request: Specific(toys, 99)"),
    (TWO + "/labels/beta/metadata", 400, "Unrecognized servable version label: beta"),
    (TOYS + "/metadata?x=1", 400, f"Malformed request: GET {TOYS}/metadata?x=1"),
    (TOYS + "?x=1", 404, "Could not find any versions of model toys?x=1"),  # the pattern takes it for the name
    ("/v1/nothing", 400, "Malformed request: GET /v1/nothing"),
])
def test_get_errors(running, path, status, message):
    response = running.http.get(path)
    assert (response.status_code, response.json()) == (status, {"error": message})


def test_metadata(running):
    body = running.http.get(TOYS + "/metadata").json()
    assert body["model_spec"] == {"name": "toys", "signature_name": "", "version": "1"}
    signatures = body["metadata"]["signature_def"]["signature_def"]
    assert "__saved_model_init_op" in signatures
    default = signatures["serving_default"]
    assert default["method_name"] == "tensorflow/serving/predict"
    assert default["defaults"] == {}
    assert default["inputs"]["x"] == {
        "name": "serving_default_x:0", "dtype": "DT_FLOAT",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}}
    assert running.http.get(TWO + "/labels/stable/metadata").json()["model_spec"]["version"] == "1"
