"""The models a server answers for: which are configured, which version a request gets, and who uses which.

Versions come and go by themselves (`lifecycle`); one that cannot be loaded leaves the old one where it is.
"""

import contextlib

from serving.batching import callers
from serving.errors import ServingError, invalid, servable_not_found
from serving.models.config import check
from serving.models.lifecycle import Lifecycle
from serving.models.state import UNLOADING, ServedModel


class ModelStore:
    """Keeps the wanted versions of all configured models loaded.

    Args:
        loader: servable.Loader.
        poll_seconds: float. Between looks at the base paths; 0 looks once.
        load_threads: int. Versions loaded at once.
        unload_threads: int. Versions unloaded at once.
        max_retries: int. How often a failed load is tried again.
        retry_seconds: float. Between two tries.
        patience_seconds: float. Without change for so long, an incomplete version folder counts as broken.
        unavailable_labels: bool. Accept new labels for versions that are not available.
    """

    def __init__(self, loader, *, poll_seconds=1.0, load_threads=1, unload_threads=1, max_retries=5, retry_seconds=60.0,
                 patience_seconds=10.0, unavailable_labels=False):
        self._models, self._labels = {}, {}
        self._unavailable_labels, self._leaving = unavailable_labels, False
        self._lifecycle = Lifecycle(
            loader, self._models, poll_seconds=poll_seconds, load_threads=load_threads, unload_threads=unload_threads,
            max_retries=max_retries, retry_seconds=retry_seconds, patience_seconds=patience_seconds)
        self._changed = self._lifecycle.changed
        self._lifecycle.start()

    # What requests ask.

    @contextlib.contextmanager
    def acquire(self, name, version=None, label=None):
        """The servable that answers for a model, held for as long as the block runs.

        Raises:
            ServingError: NOT_FOUND for an unknown model or version, INVALID_ARGUMENT for an unknown label.
        """
        found = self._hold(name, version, label)
        try:
            yield found.servable
        finally:
            with self._changed:
                found.users -= 1
                if not found.users and found.state == UNLOADING:
                    self._lifecycle.released.notify_all()

    def _hold(self, name, version, label):
        with self._changed:
            if label is not None:
                version = self._labels.get(name, {}).get(label)
                if version is None:
                    raise invalid(f"Unrecognized servable version label: {label}")
            model = self._models.get(name)
            ready = model.available() if model else []
            if version is not None:
                ready = [v for v in ready if v.number == version]
            if not ready:
                raise servable_not_found(name, version)
            found = max(ready, key=lambda v: (v.number, v not in model.former))
            found.users += 1
            return found

    def status(self, name, version=None):
        """`[(version, state, ServingError or None)]`, newest first, unloaded ones included.

        Raises:
            ServingError: NOT_FOUND, if no version of the model, or not this one, was ever seen.
        """
        with self._changed:
            model = self._models.get(name)
            found = sorted(model.versions.values(), key=lambda v: -v.number) if model else []
            if version is not None:
                found = [v for v in found if v.number == version]
            if not found:
                raise ServingError("NOT_FOUND", f"Could not find any versions of model {name}" if version is None else
                                   f"Could not find version {version} of model {name}")
            return [(v.number, v.state, v.error) for v in found]

    def names(self):
        """The configured models, sorted."""
        with self._changed:
            return sorted(name for name, model in self._models.items() if model.config is not None)

    def knows(self, name):
        """Whether a model of this name is or was configured."""
        return name in self._models

    def labels(self, name):
        """{label: version} of a model."""
        with self._changed:
            return dict(self._labels.get(name, {}))

    def ready(self):
        """Whether every configured model has a version that answers."""
        with self._changed:
            return all(model.available() for model in self._models.values() if model.config is not None)

    # What the server is told.

    def configure(self, configs, wait=True):
        """Serves exactly these models; others are unloaded. The newest call counts, also while an older one waits.

        Args:
            configs: ModelConfig objects.
            wait: bool. Wait until every new model has an available version.

        Returns:
            False if `stop_waiting` ended the wait.

        Raises:
            ServingError: for configurations that cannot be (INVALID_ARGUMENT) and a label for a version that is not
                available (FAILED_PRECONDITION), before anything has changed; for a model none of whose versions could
                be loaded (UNKNOWN); where a newer call has told otherwise (ABORTED) or the client has gone (CANCELLED)
                while this one waited.
        """
        check(configs)
        with self._changed:
            self._labels = self._checked_labels(configs)
            wanted = {config.name: config for config in configs}
            fresh = [name for name in wanted if name not in self._models or not self._models[name].available()]
            for name, config in wanted.items():
                self._models.setdefault(name, ServedModel(config)).configure(config)
            for name, model in self._models.items():
                if name not in wanted:
                    model.config = None
                    model.want([], model.places(), self._lifecycle.patience_seconds)
            self._lifecycle.hurry()  # and whoever waits for what is wanted no more
        return not wait or all(self._wait_for(wanted[name]) for name in fresh)

    def _wait_for(self, config):
        present = callers.present()
        with self._changed:
            while not (self._lifecycle.stopped or self._leaving):
                model = self._models[config.name]
                if model.config != config:
                    raise ServingError("ABORTED", f"Model {config.name} was waited for in {config.base_path}, and a "
                                                  "newer configuration has told otherwise")
                if model.available():
                    return True
                errors = model.failures()
                if errors:
                    raise ServingError("UNKNOWN", f"Model {config.name} failed to become available: {errors}")
                if present is not None and not present():
                    raise callers.gone()
                self._changed.wait(1.0)
        return False

    def _checked_labels(self, configs):
        """{model: {label: version}}. Only a new label may run ahead of its version, where that is allowed at all."""
        for config in configs:
            model, known = self._models.get(config.name), self._labels.get(config.name, {})
            available = {version.number for version in model.available()} if model else ()
            for label, version in config.labels.items():
                moved = known.get(label, version) != version
                if version not in available and (moved or not self._unavailable_labels):
                    raise ServingError(
                        "FAILED_PRECONDITION", f"Request to assign label to version {version} of model {config.name}, "
                        "which is not currently available for inference")
        return {config.name: dict(config.labels) for config in configs}

    def stop_waiting(self):
        """Lets `configure` return before its models are there: the server is about to end."""
        with self._changed:
            self._leaving = True
            self._changed.notify_all()

    def close(self, patient=True):
        """Unloads everything, each version after its last request; as `Lifecycle.stop`."""
        return self._lifecycle.stop(patient)
