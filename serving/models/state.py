"""Where a version and a model stand; `lifecycle` moves them on."""

import pathlib

from serving.models.versions import Arrival

START, LOADING, AVAILABLE, UNLOADING, END = "START", "LOADING", "AVAILABLE", "UNLOADING", "END"


class Version:
    """One version and where it stands; guarded by the store's lock."""

    def __init__(self, number, path, patience_seconds):
        self.number, self.path = number, path
        self.state, self.error, self.servable = START, None, None
        self.users, self.attempts, self.next_try = 0, 0, 0.0
        self.arrival = Arrival(path, patience_seconds)
        self.incomplete = False  # given up for what it lacks, not for how it loaded


class ServedModel:
    """One configured model: its versions, seen and wanted.

    Args:
        config: ModelConfig; None once the model is configured no more.
    """

    def __init__(self, config):
        self.config = config
        self.versions = {}
        self.former = []  # of another base path; they answer until those of the new one do
        self.aspired = None  # not looked yet
        self.complaint = None
        self.next_look = 0.0

    def configure(self, config):
        """Takes a configuration over. The store's lock is held."""
        if self.config is None or self.config.base_path != config.base_path:
            self.aspired = None  # what was found, or lacked, elsewhere says nothing
            for number, version in list(self.versions.items()):
                if version.state != AVAILABLE and version.path.parent != pathlib.Path(config.base_path):
                    self._replace(number)
        if self.config != config:
            self.config = config
        self.next_look = 0.0

    def available(self):
        return [v for v in (*self.versions.values(), *self.former) if v.state == AVAILABLE]

    def loading(self):
        return [v for v in (*self.versions.values(), *self.former) if v.state == LOADING]

    def places(self):
        """{number: path} of the versions there are."""
        return {number: version.path for number, version in self.versions.items()}

    def leaves(self, version):
        """Whether a version is to be unloaded once others answer."""
        return version.number not in (self.aspired or ()) or self.versions.get(version.number) is not version

    def wanted(self):
        """The versions to serve, newest first, whatever state they are in."""
        return [self.versions[number] for number in self.aspired or () if number in self.versions]

    def want(self, numbers, found, patience_seconds):
        """Lists the versions to serve; `found` is {number: path}. The store's lock is held."""
        self.former = [version for version in self.former if version.state != END]
        for number, version in list(self.versions.items()):
            if number in found and found[number].parent != version.path.parent:
                self._replace(number)  # the same number in another base path is another version
            elif version.state == END and (number not in found if version.error else number in numbers):
                del self.versions[number]  # a failed one is tried again when it comes back, others when wanted
            elif version.state == START and number not in numbers:
                version.state = END  # it was waited for, and is no more
        for number in numbers:
            if number not in self.versions:
                self.versions[number] = Version(number, found[number], patience_seconds)
        self.aspired = numbers

    def _replace(self, number):
        version = self.versions.pop(number)
        if version.state not in (START, END):
            self.former.append(version)

    def failures(self):
        """Why none of the wanted versions will ever answer, in one line; "" while one may."""
        tried = self.wanted()
        if any(version.state != END for version in tried):
            return ""
        return "; ".join(f"version {v.number}: {v.error.message if v.error else 'unloaded'}" for v in tried)
