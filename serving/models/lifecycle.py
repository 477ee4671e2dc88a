"""What happens to versions by itself: they are found, waited for, loaded, tried again, swapped and unloaded.

One thread looks at disks; loading and unloading have threads of their own. A new version is loaded and warmed up while
the old one answers, and only then is the old one let go, after its last request.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from absl import logging

from serving.errors import ServingError, from_exception
from serving.models import versions
from serving.models.state import AVAILABLE, END, LOADING, START, UNLOADING

_RESTLESS_SECONDS = 0.2  # between looks while a version is arriving
_LONGEST_SECONDS = 60.0  # between looks when nothing is expected
_SHY_SECONDS = 1.0  # between looks at what was given up, or could not be looked at


class Lifecycle:
    """Moves the versions of some models on; `start` begins, `stop` unloads everything.

    Args:
        loader: servable.Loader.
        models: {name: state.ServedModel}, of the store; read and changed under the lock of `changed`.
        poll_seconds, load_threads, unload_threads, max_retries, retry_seconds, patience_seconds: as `ModelStore`'s.

    Attributes:
        changed: condition; something about versions is new.
        released: condition with the same lock; the last request of a version that is to be unloaded has ended.
    """

    def __init__(self, loader, models, *, poll_seconds, load_threads, unload_threads, max_retries, retry_seconds,
                 patience_seconds):
        self._loader, self.models = loader, models
        self._poll_seconds, self._max_retries, self._retry_seconds = poll_seconds, max_retries, retry_seconds
        self.patience_seconds = patience_seconds
        lock = threading.RLock()
        self.changed, self.released = threading.Condition(lock), threading.Condition(lock)
        self.stopped = self._hurried = False
        self._loads = ThreadPoolExecutor(max(1, load_threads), "load")
        self._unloads = ThreadPoolExecutor(max(1, unload_threads), "unload")
        self._thread = threading.Thread(target=self._watch, name="models", daemon=True)

    def start(self):
        """Looks at the models from now on."""
        self._thread.start()

    def stop(self, patient=True):
        """Unloads everything, each version after its last request.

        Args:
            patient: bool. Wait for what is being loaded, and unload it too.

        Returns:
            bool. Whether everything is unloaded; otherwise a thread still loads.
        """
        with self.changed:
            self.stopped = True
            self.hurry()
        self._thread.join()
        self._loads.shutdown(wait=patient, cancel_futures=True)
        with self.changed:
            loading = any(model.loading() for model in self.models.values())
            for model in self.models.values():
                for version in model.available():
                    self._start_unload(version)
        self._unloads.shutdown(wait=True)
        return patient or not loading

    def hurry(self):
        """Wakes the watching thread, or keeps it from falling asleep. The lock is held."""
        self._hurried = True
        self.changed.notify_all()

    def _watch(self):
        while True:
            with self.changed:
                self._hurried = False
                models = list(self.models.values())
            # Disks may be slow: nothing below holds the lock while it reads them.
            pause = min(map(self._look_safely, models), default=_LONGEST_SECONDS)
            with self.changed:
                if not self._hurried:
                    self.changed.wait(min(max(pause, 0.01), _LONGEST_SECONDS))
                if self.stopped:
                    return

    def _look_safely(self, model):
        """One look; nothing that one model's disk does may end the thread of all."""
        try:
            return self._look(model)
        except Exception as error:
            self._complain(model, f"A model could not be looked at, and will be again: {type(error).__name__}: {error}")
            return _SHY_SECONDS

    def _look(self, model):
        """One look at one model; returns the seconds until the next one is due."""
        config, now, pause = model.config, time.monotonic(), _LONGEST_SECONDS
        if config is not None and now >= model.next_look:
            self._discover(model, config)
            model.next_look = now + self._poll_seconds if self._poll_seconds > 0 else float("inf")
        if config is not None:
            pause = model.next_look - now
        for version in model.wanted():
            try:
                pause = min(pause, self._look_at(model, version, now))
            except Exception as error:
                with self.changed:
                    if version.state != END:
                        version.incomplete = True
                        self._fail(model, version, from_exception(error))
                pause = min(pause, _SHY_SECONDS)
        with self.changed:
            answering = any(version.state == AVAILABLE for version in model.wanted())
            if answering or model.aspired == []:
                for version in filter(model.leaves, model.available()):
                    self._start_unload(version)
        return pause

    def _look_at(self, model, version, now):
        if version.state == START:
            return self._advance(model, version, now)
        if not version.incomplete:
            return _LONGEST_SECONDS
        if not version.arrival.lacking():  # it was given up, and has come after all
            with self.changed:
                version.state, version.error, version.incomplete = START, None, False
            return 0.0
        return _SHY_SECONDS

    def _discover(self, model, config):
        try:
            found = versions.discover(config.base_path)
        except OSError as error:
            self._complain(model, f"Model {config.name} waits for its base path {config.base_path}: {error.strerror}")
            return  # a disk that cannot be read now is no reason to stop answering
        if not found and not model.versions:
            self._complain(model, f"Model {config.name} waits for a first version in {config.base_path}")
        aspired = config.policy.choose(found)
        with self.changed:
            if model.config is not config:
                return
            model.want(aspired, found, self.patience_seconds)

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
        with self.changed:
            if lacking:
                version.incomplete = True
                self._fail(model, version, ServingError(
                    "DATA_LOSS", f"Version {version.number} in {version.path} is incomplete: {lacking}. Copy it to "
                    "another name on the same disk and rename it when it is whole."))
            elif not self.stopped:
                version.state = LOADING
                self._loads.submit(self._load, model, version)
        return _LONGEST_SECONDS

    def _load(self, model, version):
        start = time.monotonic()
        name = model.config.name if model.config is not None else "?"
        try:
            servable = self._loader.load(name, version.number, version.path)
        except Exception as error:
            with self.changed:
                version.attempts += 1
                refusal = from_exception(error)
                if version.attempts > self._max_retries or model.leaves(version):
                    self._fail(model, version, refusal)
                else:
                    logging.warning("Loading %s version %d failed, try %d of %d: %s", name, version.number,
                                    version.attempts, self._max_retries + 1, refusal.message)
                    version.state, version.next_try = START, time.monotonic() + max(0.0, self._retry_seconds)
                self.hurry()
            return
        with self.changed:
            version.servable, version.state = servable, AVAILABLE
            if version in model.former:
                self._start_unload(version)  # while it was loaded, the model was configured otherwise
                return
            logging.info("Serving %s version %d, loaded in %.1f s", name, version.number, time.monotonic() - start)
            self.hurry()

    def _fail(self, model, version, error):
        version.state, version.error = END, error
        logging.error("%s version %d is not served: %s", model.config.name if model.config else "A removed model",
                      version.number, error.message)
        self.changed.notify_all()

    def _start_unload(self, version):
        version.state = UNLOADING
        self._unloads.submit(self._unload, version)

    def _unload(self, version):
        with self.changed:
            self.released.wait_for(lambda: version.users == 0)
            servable, version.servable = version.servable, None
        try:
            servable.close()
        except Exception:
            logging.exception("%s version %d answers no more, and could not be freed", servable.name, version.number)
        with self.changed:
            version.state = END
            logging.info("Unloaded %s version %d", servable.name, version.number)
            self.changed.notify_all()
