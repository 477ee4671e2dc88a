"""Where a version and a model stand; `models` moves them on."""

from serving.versions import Arrival

START, LOADING, AVAILABLE, UNLOADING, END = "START", "LOADING", "AVAILABLE", "UNLOADING", "END"


class Version:
    """One version and where it stands; guarded by the store's lock."""

    def __init__(self, number, path, patience):
        self.number, self.path = number, path
        self.state, self.error, self.servable = START, None, None
        self.users, self.attempts, self.next_try = 0, 0, 0.0
        self.arrival = Arrival(path, patience)
        self.incomplete = False  # given up for what it lacks, not for how it loaded


class Model:
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
