"""One loaded version of one model: its predictor, its batching and what ships beside it."""

from absl import logging

from serving.batching.parameters import Parameters
from serving.batching.runner import BatchingRunner
from serving.errors import invalid
from serving.models.warmup import warm_up
from serving.session import twin
from serving.session.predictor import Predictor
from serving.tensors import textproto

PER_MODEL_FILE = "batching_params.pbtxt"


class Loader:
    """How versions are loaded in this server: everything about it that is not the version itself.

    Args:
        tags: strings. The tag set of the meta graph.
        threads: int or None. Threads inside one operation.
        batching: batching.Parameters or None for no batching.
        scheduler: batch_scheduler.Scheduler, where `batching` is given.
        per_model_batching: bool. Let a version bring its own batching parameters.
        warmup: bool. Run the version's warm-up requests.
        warmup_iterations: int. How often each of them runs.
        metrics: metrics.Metrics or None.
        python: bool. Use TensorFlow's Python session.
        runtime: "tensorflow", or "openvino" to let the OpenVINO model in a version folder, where there is one, answer
            the default signature.
    """

    def __init__(self, *, tags=("serve",), threads=None, batching=None, scheduler=None, per_model_batching=False,
                 warmup=True, warmup_iterations=1, metrics=None, python=False, runtime="tensorflow"):
        self.tags, self.threads, self.batching, self.scheduler = tuple(tags), threads, batching, scheduler
        self.per_model_batching, self.warmup, self.warmup_iterations = per_model_batching, warmup, warmup_iterations
        self.metrics, self.python, self.runtime = metrics, python, runtime

    def load(self, name, version, path):
        """The version in the folder `path`, warmed up.

        Raises:
            ServingError: if it cannot be loaded, or a warm-up request fails.
        """
        servable = Servable(name, version, path, self._predictor(name, version, path))
        try:
            parameters = self._parameters(path)
            if parameters is not None:
                observe = self.metrics.batch if self.metrics is not None else None
                servable.batch(BatchingRunner(servable.run, servable.signatures, self.scheduler, parameters, observe))
            if self.warmup:
                count, seconds = warm_up(servable, path, self.warmup_iterations)
                if count:
                    logging.info("Ran %d warm-up requests of %s version %d in %.1f s", count, name, version, seconds)
                    if self.metrics is not None:
                        self.metrics.warmed_up(str(path), count, seconds)
        except BaseException:
            servable.close()
            raise
        return servable

    def _predictor(self, name, version, path):
        predictor = Predictor(path, self.tags, self.threads, self.python)
        if self.runtime != "openvino":
            return predictor
        if not (path / twin.FILE).is_file():
            logging.warning("%s version %d has no %s beside its SavedModel, which answers alone", name, version,
                            twin.FILE)
            return predictor
        try:
            return twin.TwinPredictor(predictor, path, self.threads)
        except BaseException:
            predictor.close()
            raise

    def _parameters(self, path):
        if self.batching is None or not self.per_model_batching:
            return self.batching
        file = path / PER_MODEL_FILE
        if not file.exists():
            return None
        try:
            return Parameters.from_proto(textproto.read(file, "BatchingParameters"))
        except (OSError, ValueError) as error:
            raise invalid(str(error)) from None


class Servable:
    """One version that answers: `signatures`, `signature_defs` and `run`, as `inference` wants them."""

    def __init__(self, name, version, path, predictor):
        self.name, self.version, self.path = name, version, path
        self.signatures, self.signature_defs = predictor.signatures, predictor.signature_defs
        self._predictor, self._runner = predictor, None
        self.run = predictor.run

    def batch(self, runner):
        """Lets all further calls go through a BatchingRunner."""
        self._runner = runner
        self.run = runner.run

    def close(self):
        """Frees the model; waits for the calls under way."""
        if self._runner is not None:
            self._runner.close()
        self._predictor.close()
