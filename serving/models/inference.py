"""What a request asks of one model version, free of protocols: predict, classify, regress and several at once.

Both edges call these functions with names and arrays; the checks, their order and their wording are TensorFlow
Serving's. A servable is anything with `signatures` and `run(feeds, fetches, timeout_ms)`.
"""

import functools

import numpy as np

from serving.errors import ServingError, invalid
from serving.tensors import dtypes

# What a model's own operations refuse with; the other codes are of time, room and versions.
_OF_THE_MODEL = ("INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNKNOWN")
DEFAULT_SIGNATURE = "serving_default"
MOST_CONTEXT = 2**26  # bytes
CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"


def predict(servable, signature_name, inputs, output_filter=(), timeout_ms=None, decode=None):
    """Runs one signature.

    Args:
        servable: the model version.
        signature_name: str. "" is `serving_default`.
        inputs: {alias: array}, or whatever `decode` turns into one.
        output_filter: aliases to compute; empty for all.
        timeout_ms: number or None.
        decode: function of (alias, value) that gives the array, called once the names are known to fit.

    Returns:
        {alias: array}.

    Raises:
        ServingError: with TensorFlow Serving's codes and wording.
    """
    signature_name = signature_name or DEFAULT_SIGNATURE
    signature = servable.signatures.get(signature_name)
    if signature is None:
        raise ServingError("FAILED_PRECONDITION", f'Serving signature key "{signature_name}" not found.')
    known = signature.inputs
    if len(inputs) > len(known) or (len(inputs) < len(known) and not signature.defaults):
        raise invalid(f"input size does not match signature: {len(inputs)}!={len(known)} len({_names(inputs)}) != "
                      f"len({_names(known)}). Sent extra: {_names(set(inputs) - set(known))}. "
                      f"Missing but required: {_names(set(known) - set(inputs))}.")
    feeds = {}
    for alias, endpoint in known.items():
        if alias in inputs:
            feeds[endpoint.tensor] = decode(alias, inputs[alias]) if decode else inputs[alias]
        elif alias in signature.defaults:
            feeds[endpoint.tensor] = signature.defaults[alias]
        else:
            raise invalid(f"Signature input alias: {alias}(feed name: {endpoint.tensor}) not found in request and no "
                          f"default value provided. Inputs expected to be in the set {_names(known)}.")
    aliases = _filtered(signature.outputs, output_filter)
    fetches = [signature.outputs[alias].tensor for alias in aliases]
    try:
        return dict(zip(aliases, servable.run(feeds, fetches, timeout_ms)))
    except ServingError as error:
        raise _of_nothing(known, feeds, error) from None


def _of_nothing(inputs, feeds, error):
    """The refusal of a run: where an input held no values, that it did, and not in what operation the model fell."""
    if error.code in _OF_THE_MODEL:
        for alias, endpoint in inputs.items():
            shape = np.shape(feeds[endpoint.tensor])
            if 0 in shape:
                sizes = ",".join(map(str, shape))
                return invalid(f"Input {alias} is empty, of shape [{sizes}], and this model needs values. Send at "
                               "least one row, and in it at least one of everything.")
    return error


def _filtered(outputs, output_filter):
    seen = []
    for alias in output_filter:
        if alias not in outputs:
            raise invalid(f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                          f"{_names(outputs)}.")
        if alias in seen:
            raise invalid(f"duplicate output tensor alias: {alias}")
        seen.append(alias)
    return seen or list(outputs)


def _names(names):
    return "{" + ",".join(sorted(names)) + "}"


def serialized_examples(message):
    """The examples of an Input message as a string tensor `(n,)`, the shared context before each.

    Raises:
        ServingError: if there is none.
    """
    kind = message.WhichOneof("kind")
    listed = getattr(message, kind).examples if kind else ()
    if not listed:
        raise invalid("Input is empty.")
    context = message.example_list_with_context.context.SerializeToString() if kind != "example_list" else b""
    if len(context) * len(listed) > MOST_CONTEXT:  # a few bytes an example must not become gigabytes
        raise invalid(f"A context is written before every example, for at most {MOST_CONTEXT} bytes in all. Received: "
                      f"{len(context)} bytes for {len(listed)} examples. Send fewer examples at once.")
    examples = np.empty(len(listed), object)
    for i, example in enumerate(listed):
        examples[i] = context + example.SerializeToString()
    return examples


def on_examples(method, servable, signature_name, examples, timeout_ms=None):
    """Runs a signature on serialized examples.

    Args:
        method: CLASSIFY or REGRESS.
        examples: function that gives them, `(n,)`; called once the signature is known to fit.

    Returns:
        For CLASSIFY `(classes, scores)`: bytes and float32, each `(n, k)`, or None for the one the signature lacks; for
        REGRESS float32 `(n,)`.

    Raises:
        ServingError: with TensorFlow Serving's codes and wording.
    """
    tensors, result = _METHODS[method]
    signature = _signature(servable, signature_name, "No signature was found with the name: ")
    feed, fetches = tensors(signature)
    examples = examples()
    values = dict(zip(fetches, servable.run({feed: examples}, list(fetches), timeout_ms)))
    return result(signature, values, len(examples))


classify, regress = (functools.partial(on_examples, method) for method in (CLASSIFY, REGRESS))


def several(servable, tasks, examples, timeout_ms=None):
    """Runs several signatures on the same examples in one go, which are fed to the inputs of all of them.

    Args:
        tasks: `(method_name, signature_name)` pairs.
        examples: as for `on_examples`.

    Returns:
        A list with what `on_examples` would give for each.

    Raises:
        ServingError: with TensorFlow Serving's codes and wording.
    """
    seen, feeds, fetches = set(), [], []
    for method, name in tasks:
        name = name or DEFAULT_SIGNATURE
        if name in seen:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        seen.add(name)
        signature = _signature(servable, name, "Requested signature not found in model graph: ")
        if method not in _METHODS:
            raise ServingError("UNIMPLEMENTED", f"Unsupported signature method_name: {method}")
        tensor, wanted = _METHODS[method][0](signature)
        feeds.append(tensor)
        fetches += [fetch for fetch in wanted if fetch not in fetches]
    examples = examples()
    values = dict(zip(fetches, servable.run(dict.fromkeys(feeds, examples), fetches, timeout_ms)))
    return [_METHODS[method][1](servable.signatures[name or DEFAULT_SIGNATURE], values, len(examples))
            for method, name in tasks]


def _signature(servable, name, complaint):
    name = name or DEFAULT_SIGNATURE
    if name not in servable.signatures:
        raise invalid(f"{complaint}{name}")
    return servable.signatures[name]


def classify_tensors(signature):
    """The tensor to feed and those to fetch; raises where the signature cannot classify."""
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if "inputs" not in signature.inputs:
        raise invalid(f"No classification inputs found in SignatureDef: {signature}")
    fetches = [signature.outputs[alias].tensor for alias in ("classes", "scores") if alias in signature.outputs]
    if not fetches:
        raise invalid('Expected classification signature outputs to contain at least one of "classes" or "scores". '
                      f"Signature was: {signature}")
    return signature.inputs["inputs"].tensor, fetches


def regress_tensors(signature):
    """The tensor to feed and the one to fetch; raises where the signature cannot regress."""
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if "inputs" not in signature.inputs:
        raise invalid(f"No regression inputs found in SignatureDef: {signature}")
    if "outputs" not in signature.outputs:
        raise invalid(f"No regression outputs found in SignatureDef: {signature}")
    return signature.inputs["inputs"].tensor, [signature.outputs["outputs"].tensor]


def classify_result(signature, values, count):
    """What was fetched, checked: `(classes, scores)`, either of them None."""
    found = []
    for alias, wanted in (("classes", "DT_STRING"), ("scores", "DT_FLOAT")):
        endpoint = signature.outputs.get(alias)
        if endpoint is None:
            found.append(None)
            continue
        array = values[endpoint.tensor]
        if array.ndim != 2:
            raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got {_shape(array)}")
        if _type(array) != wanted:
            raise invalid(f"Expected {alias} Tensor of {wanted}. Got: {_type(array)}")
        if len(array) != count:
            raise invalid(f"Expected {alias} output batch size of {count}. Got: {len(array)}")
        found.append(array)
    classes, scores = found
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid(f"Tensors class and score should match in dim_size(1). Got {classes.shape[1]} vs. "
                      f"{scores.shape[1]}")
    return classes, scores


def regress_result(signature, values, count):
    """What was fetched, checked: float32 `(count,)`."""
    array = values[signature.outputs["outputs"].tensor]
    if array.ndim != 1 and not (array.ndim == 2 and array.shape[1] == 1):
        raise invalid("Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
                      f"{_shape(array)}")
    if len(array) != count:
        raise invalid(f"Input batch size did not match output batch size: {count} vs. {len(array)}")
    if _type(array) != "DT_FLOAT":
        raise invalid(f"Expected output Tensor of DT_FLOAT.  Got: {_type(array)}")
    return array.reshape(-1)


_METHODS = {CLASSIFY: (classify_tensors, classify_result), REGRESS: (regress_tensors, regress_result)}


def _shape(array):
    return "[" + ",".join(map(str, array.shape)) + "]"


def _type(array):
    return "DT_" + dtypes.type_name(dtypes.type_number(array.dtype)).upper()
