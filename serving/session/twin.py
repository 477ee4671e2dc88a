"""A SavedModel whose default signature is answered by the OpenVINO model that lies beside it in the version folder.

Everything else, and whatever does not fit the default signature, goes to the SavedModel: the wire contract stays its
own, down to the errors.
"""

import pathlib

import numpy as np

from serving.errors import ServingError
from serving.session.errors import SessionError
from serving.session.runtimes.contract import CLIP, LOGITS, SCORES
from serving.session.runtimes.openvino_session import OpenVinoSession
from serving.tensors import ranking

FILE = "openvino.xml"
NEAR = 0.1  # of a score, on one clip of noise: 8-bit twins are that near, another network's are not
_ANSWERS = {SCORES, LOGITS, "top_classes", "top_scores"}


class TwinPredictor:
    """`predictor.Predictor` with the twin's answers for `serving_default`.

    Args:
        predictor: `predictor.Predictor` of the version.
        path: the version folder, in which `FILE` lies.
        threads: int or None. Threads inside one operation.

    A run of the twin is not cut short by its deadline.

    Raises:
        ServingError: if the twin cannot be loaded, or is that of another model.
    """

    def __init__(self, predictor, path, threads=None):
        self._predictor = predictor
        self.signatures, self.signature_defs = predictor.signatures, predictor.signature_defs
        file = pathlib.Path(path) / FILE
        try:
            self._twin = OpenVinoSession(file, threads)
        except (ImportError, SessionError, ValueError) as error:
            raise ServingError("FAILED_PRECONDITION", str(error)) from None
        self._check(file)

    def _check(self, file):
        """Refuses a twin that is not of this model, which would answer with other labels."""
        default = self.signatures.get("serving_default")
        if default is None or set(default.inputs) != {CLIP} or set(default.outputs) != _ANSWERS:
            raise _not_of_this_model(file, "the SavedModel has another `serving_default` than `res3d export` writes")
        self._input = default.inputs[CLIP].tensor
        self._names = {endpoint.tensor: name for name, endpoint in default.outputs.items()}
        self._top = default.outputs["top_scores"].shape[-1]
        self._labels = np.array([label.encode() for label in self._twin.facts.labels], object)
        shape = self._twin.facts.clip.shape
        if default.inputs[CLIP].shape[1:] != shape or self._twin.batch is not None:
            raise _not_of_this_model(file, f"it takes {self._twin.batch or 'any number of'} clips of {shape}, and the "
                                           f"SavedModel any number of {default.inputs[CLIP].shape[1:]}")
        clips = np.random.default_rng(0).integers(0, 256, (1, *shape), np.uint8)
        wanted = [endpoint.tensor for endpoint in default.outputs.values()]
        right = dict(zip(default.outputs, self._predictor.run({self._input: clips}, wanted)))
        answers = self._answers(clips)
        alike = answers[SCORES].shape == right[SCORES].shape
        difference = np.abs(answers[SCORES] - right[SCORES]).max() if alike else 1.0
        named = dict(zip(right["top_scores"][0].tolist(), right["top_classes"][0].tolist()))
        best = ranking.best(right[SCORES], 1)[0, 0]
        if not difference <= NEAR or named[float(right[SCORES][0, best])] != self._labels[best]:
            raise _not_of_this_model(file, f"its scores differ by {difference:.2g}, or its labels do")

    def run(self, feeds, fetches, timeout_ms=None):
        """As `predictor.Predictor.run`."""
        clips = feeds.get(self._input)
        if (len(feeds) != 1 or clips is None or clips.dtype != np.uint8 or not len(clips)
                or clips.shape[1:] != self._twin.facts.clip.shape or not set(fetches) <= self._names.keys()):
            return self._predictor.run(feeds, fetches, timeout_ms)
        try:
            answers = self._answers(clips)
        except SessionError as error:
            raise ServingError("INTERNAL", error.message) from None
        return [answers[self._names[tensor]] for tensor in fetches]

    def _answers(self, clips):
        found = self._twin.run(clips)
        best = ranking.best(found[SCORES], self._top)
        return {**found, "top_classes": self._labels[best],
                "top_scores": np.take_along_axis(found[SCORES], best, 1)}

    def close(self):
        """Frees both once the runs under way have ended."""
        self._predictor.close()
        del self._twin


def _not_of_this_model(file, why):
    return ServingError("FAILED_PRECONDITION",
                        f"'{file}' must be the OpenVINO form of the SavedModel beside it: {why}. Export both from one "
                        "network, or remove it.")
