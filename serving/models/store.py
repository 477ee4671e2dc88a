"""The models a server answers for: it finds versions, loads the wanted ones, swaps them and counts who uses which.

A new version is loaded and warmed up while the old one answers, and only then is the old one let go, after its last
request. A version that cannot be loaded leaves the old one where it is.
"""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from absl import logging

from serving.errors import ServingError, from_exception, invalid, servable_not_found
from serving.models import versions
from serving.models.config import check
from serving.models.state import AVAILABLE, END, LOADING, START, UNLOADING, Model

_RESTLESS_SECONDS = 0.2  # between looks while a version is arriving
_LONGEST_SECONDS = 60.0  # between looks when nothing is expected


class ModelStore:
    """Keeps the wanted versions of all configured models loaded.

    Args:
        loader: servable.Loader.
        poll_seconds: float. Between looks at the base paths; 0 looks once.
        load_threads: int. Versions loaded at once.
        unload_threads: int. Versions unloaded at once.
        max_retries: int. How often a failed load is tried again.
        retry_seconds: float. Between two tries.
        patience: seconds without change after which an incomplete version folder counts as broken.
        unavailable_labels: bool. Accept new labels for versions that are not available.
    """

    def __init__(self, loader, poll_seconds=1.0, load_threads=1, unload_threads=1, max_retries=5, retry_seconds=60.0,
                 patience=10.0, unavailable_labels=False):
        self._loader, self._poll, self._patience = loader, poll_seconds, patience
        self._max_retries, self._retry_seconds = max_retries, retry_seconds
        self._unavailable_labels = unavailable_labels
        lock = threading.RLock()
        self._changed = threading.Condition(lock)  # something about versions
        self._released = threading.Condition(lock)  # a version's last request ended
        self._models, self._labels = {}, {}
        self._stopped = self._leaving = self._hurried = False
        self._loads = ThreadPoolExecutor(max(1, load_threads), "load")
        self._unloads = ThreadPoolExecutor(max(1, unload_threads), "unload")
        self._reloading = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name="models", daemon=True)
        self._thread.start()

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
                    self._released.notify_all()

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
            found = max(ready, key=lambda v: v.number)
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
        """Serves exactly these models; others are unloaded.

        Args:
            configs: ModelConfig objects.
            wait: bool. Wait until every new model has an available version.

        Returns:
            False if `stop_waiting` ended the wait.

        Raises:
            ServingError: for configurations that cannot be (INVALID_ARGUMENT) and a label for a version that is not
                available (FAILED_PRECONDITION), before anything has changed; for a model none of whose versions could
                be loaded (UNKNOWN).
        """
        with self._reloading:
            check(configs)
            with self._changed:
                self._labels = self._checked_labels(configs)
                wanted = {config.name: config for config in configs}
                fresh = [name for name in wanted if name not in self._models or not self._models[name].available()]
                for name, config in wanted.items():
                    model = self._models.setdefault(name, Model(config))
                    if model.config != config:
                        model.config = config
                    model.next_look = 0.0
                for name, model in self._models.items():
                    if name not in wanted:
                        model.config = None
                        model.want([], model.versions, self._patience)
                self._hurry()
            return not wait or all(self._wait_for(name) for name in fresh)

    def _wait_for(self, name):
        with self._changed:
            while not (self._stopped or self._leaving):
                model = self._models[name]
                if model.available():
                    return True
                errors = model.failures()
                if errors:
                    raise ServingError("UNKNOWN", f"Model {name} failed to become available: {errors}")
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

    def close(self):
        """Unloads everything, each version after its last request."""
        with self._changed:
            self._stopped = True
            self._hurry()
        self._thread.join()
        self._loads.shutdown(wait=True, cancel_futures=True)
        with self._changed:
            for model in self._models.values():
                for version in model.available():
                    self._start_unload(version)
        self._unloads.shutdown(wait=True)

    # What happens by itself.

    def _hurry(self):
        """Wakes the watching thread, or keeps it from falling asleep. The lock is held."""
        self._hurried = True
        self._changed.notify_all()

    def _watch(self):
        while True:
            with self._changed:
                self._hurried = False
                models = list(self._models.values())
            # Disks may be slow: nothing below holds the lock while it reads them.
            pause = min(map(self._look, models), default=_LONGEST_SECONDS)
            with self._changed:
                if not self._hurried:
                    self._changed.wait(min(max(pause, 0.01), _LONGEST_SECONDS))
                if self._stopped:
                    return

    def _look(self, model):
        """One look at one model; returns the seconds until the next one is due."""
        config, now, pause = model.config, time.monotonic(), _LONGEST_SECONDS
        if config is not None and now >= model.next_look:
            self._discover(model, config)
            model.next_look = now + self._poll if self._poll > 0 else float("inf")
        if config is not None:
            pause = model.next_look - now
        for number in model.aspired or ():
            version = model.versions[number]
            if version.state == START:
                pause = min(pause, self._advance(model, version, now))
            elif version.incomplete:
                pause = min(pause, 1.0)
                if not version.arrival.lacking():  # it was given up, and has come after all
                    version.state, version.error, version.incomplete = START, None, False
        with self._changed:
            answering = any(model.versions[n].state == AVAILABLE for n in model.aspired or ())
            if answering or model.aspired == []:
                for version in model.available():
                    if version.number not in model.aspired:
                        self._start_unload(version)
        return pause

    def _discover(self, model, config):
        try:
            found = versions.discover(config.base_path)
        except OSError as error:
            self._complain(model, f"Model {config.name} waits for its base path {config.base_path}: {error.strerror}")
            return  # a disk that cannot be read now is no reason to stop answering
        if not found and not model.versions:
            self._complain(model, f"Model {config.name} waits for a first version in {config.base_path}")
        aspired = config.policy.choose(found)
        with self._changed:
            if model.config is not config:
                return
            model.want(aspired, found, self._patience)

    def _complain(self, model, text):
        if text != model.complaint:
            logging.warning("%s", text)
        model.complaint = text

    def _advance(self, model, version, now):
        """Starts loading a version that has arrived; otherwise says when to look again."""
        if now < version.next_try:
            return version.next_try - now
        lacking = version.arrival.lacking()
        if lacking and not version.arrival.given_up():
            return _RESTLESS_SECONDS
        with self._changed:
            if lacking:
                version.incomplete = True
                self._fail(model, version, ServingError(
                    "DATA_LOSS", f"Version {version.number} in {version.path} is incomplete: {lacking}. Copy it to "
                    "another name on the same disk and rename it when it is whole."))
            elif not self._stopped:
                version.state = LOADING
                self._loads.submit(self._load, model, version)
        return _LONGEST_SECONDS

    def _load(self, model, version):
        start = time.monotonic()
        name = model.config.name if model.config is not None else "?"
        try:
            servable = self._loader.load(name, version.number, version.path)
        except Exception as error:
            with self._changed:
                version.attempts += 1
                refusal = from_exception(error)
                if version.attempts > self._max_retries or version.number not in (model.aspired or ()):
                    self._fail(model, version, refusal)
                else:
                    logging.warning("Loading %s version %d failed, try %d of %d: %s", name, version.number,
                                    version.attempts, self._max_retries + 1, refusal.message)
                    version.state, version.next_try = START, time.monotonic() + max(0.0, self._retry_seconds)
                self._hurry()
            return
        with self._changed:
            version.servable, version.state = servable, AVAILABLE
            logging.info("Serving %s version %d, loaded in %.1f s", name, version.number, time.monotonic() - start)
            self._hurry()

    def _fail(self, model, version, error):
        version.state, version.error = END, error
        logging.error("%s version %d is not served: %s", model.config.name if model.config else "A removed model",
                      version.number, error.message)
        self._changed.notify_all()

    def _start_unload(self, version):
        version.state = UNLOADING
        self._unloads.submit(self._unload, version)

    def _unload(self, version):
        with self._changed:
            self._released.wait_for(lambda: version.users == 0)
            servable, version.servable = version.servable, None
        servable.close()
        with self._changed:
            version.state = END
            logging.info("Unloaded %s version %d", servable.name, version.number)
            self._changed.notify_all()
