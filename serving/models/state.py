"""Where a version and a model stand; `lifecycle` moves them on."""

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
        self.aspired = None  # not looked yet
        self.complaint = None
        self.next_look = 0.0

    def available(self):
        return [v for v in self.versions.values() if v.state == AVAILABLE]

    def wanted(self):
        """The versions to serve, newest first, whatever state they are in."""
        return [self.versions[number] for number in self.aspired or () if number in self.versions]

    def want(self, numbers, found, patience_seconds):
        """Lists the versions to serve; `found` is {number: path}. The store's lock is held."""
        for number, version in list(self.versions.items()):
            if version.state == END and (number not in found if version.error else number in numbers):
                del self.versions[number]  # a failed one is tried again when it comes back, others when wanted
            elif version.state == START and number not in numbers:
                version.state = END  # it was waited for, and is no more
        for number in numbers:
            if number not in self.versions:
                self.versions[number] = Version(number, found[number], patience_seconds)
        self.aspired = numbers

    def failures(self):
        """Why none of the wanted versions will ever answer, in one line; "" while one may."""
        tried = self.wanted()
        if any(version.state != END for version in tried):
            return ""
        return "; ".join(f"version {v.number}: {v.error.message if v.error else 'unloaded'}" for v in tried)
