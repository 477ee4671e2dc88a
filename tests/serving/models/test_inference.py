"""Requests without any values: a model that takes them answers, one that does not is not left to explain itself."""

import numpy as np
import pytest

from serving.errors import ServingError
from serving.models import inference
from serving.session.predictor import Predictor
from serving.session.signatures import Endpoint, Signature
from serving.tensors.protos import types_pb2


@pytest.fixture(scope="module")
def predictor(exported):
    found = Predictor(exported, threads=1)
    yield found
    found.close()


def empty(number, shape):
    return np.zeros(shape, np.uint8 if number == types_pb2.DT_UINT8 else object)


@pytest.mark.parametrize(("signature", "shape"), [
    ("serving_default", (0, 4, 32, 32, 3)), ("features", (0, 4, 32, 32, 3)), ("predict_jpeg", (0, 4)),
    ("predict_gif", (0,)), ("predict_raw", (0,)), ("predict_views", (0, 3, 4, 32, 32, 3)),
    ("predict_views", (2, 0, 4, 32, 32, 3)), ("predict_jpeg_views", (1, 0, 4)), ("serving_default", (0,))])
def test_an_export_asked_for_nothing(predictor, signature, shape):
    (alias, endpoint), = predictor.signatures[signature].inputs.items()
    with pytest.raises(ServingError) as caught:
        inference.predict(predictor, signature, {alias: empty(endpoint.dtype, shape)})
    sizes = ",".join(map(str, shape))
    assert caught.value.code == "INVALID_ARGUMENT"
    assert caught.value.message == (f"Input {alias} is empty, of shape [{sizes}], and this model needs values. Send at "
                                    "least one row, and in it at least one of everything.")


def test_a_signature_that_takes_nothing_answers(predictor):
    (alias, _), = predictor.signatures["describe"].inputs.items()
    answer = inference.predict(predictor, "describe", {alias: np.empty(0, object)})
    assert {name: value.shape for name, value in answer.items()} == {"clip_spec": (0,), "model_card": (0,)}


class Failing:
    """A model that refuses everything with one code."""

    def __init__(self, code):
        x, y = (Endpoint(f"{name}:0", types_pb2.DT_FLOAT, None) for name in "xy")
        self.signatures = {"serving_default": Signature("serving_default", "", {"x": x}, {"y": y}, {})}
        self.code = code

    def run(self, feeds, fetches, timeout_ms=None):
        raise ServingError(self.code, "its own words")


@pytest.mark.parametrize(("code", "size", "own"), [
    ("INVALID_ARGUMENT", 1, True), ("INVALID_ARGUMENT", 0, False), ("UNIMPLEMENTED", 0, False), ("INTERNAL", 0, False),
    ("DEADLINE_EXCEEDED", 0, True), ("UNAVAILABLE", 0, True), ("CANCELLED", 0, True)])
def test_other_refusals_keep_their_words(code, size, own):
    with pytest.raises(ServingError) as caught:
        inference.predict(Failing(code), "", {"x": np.zeros(size, np.float32)})
    assert (caught.value.message == "its own words") is own
    assert caught.value.code == (code if own else "INVALID_ARGUMENT")
