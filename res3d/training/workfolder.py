"""The folder a run lives in: what `train` leaves there and what every other command reads from it."""

import contextlib
import csv
import dataclasses
import json
import os
import pathlib

import yaml

from res3d.atomic import renamed, write_aside
from res3d.geometry import ClipSpec
from res3d.training.recipe import Recipe

# Fields that may differ when a run goes on: they change when it ends or how fast it is fed, never what it computes.
MAY_CHANGE = ("stop.max_minutes", "stop.patience", "data.workers", "protocol")


class WorkFolder:
    """Names and readers of the files of one run.

    Args:
        path: folder; nothing is created until something is written.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path).expanduser()
        self.clip_file = self.path / "clip.json"
        self.labels_file = self.path / "labels.txt"
        self.recipe_file = self.path / "recipe.yaml"
        self.run_file = self.path / "run.json"
        self.state_file = self.path / "state.npz"
        self.history_file = self.path / "history.csv"
        self.quarantine_file = self.path / "quarantine.csv"
        self.split_file = self.path / "split.csv"
        self.leaks_file = self.path / "leaks.csv"
        self.spans_file = self.path / "spans.json"  # the contract of a run of task spans, which alone has it
        self.held_out_file = self.path / "held_out.json"
        self.found_file = self.path / "found.csv"
        self.rejection_file = self.path / "rejection.json"
        self.best = self.path / "best.keras"
        self.last = self.path / "last.keras"
        self.logs = self.path / "logs"
        self.frames = self.path / "frames"
        self.metrics_file = self.path / "metrics.json"
        self.predictions_file = self.path / "predictions.csv"
        self.report_file = self.path / "report.html"

    def __fspath__(self):
        return os.fspath(self.path)

    def __str__(self):
        return str(self.path)

    def check(self, recipe, labels):
        """Makes sure that the folder holds this very run, or none; a run may be given more epochs.

        Raises:
            ValueError: if the folder holds a run with another recipe or other labels; the message names what differs.
        """
        if self.recipe_file.is_file():
            mine, asked = self.recipe, recipe
            if asked.schedule.epochs > mine.schedule.epochs and asked.cycles is None:
                mine = dataclasses.replace(mine, schedule=dataclasses.replace(mine.schedule,
                                                                              epochs=asked.schedule.epochs))
            changed = differences(mine.to_mapping(), asked.to_mapping())
            changed = [line for line in changed if line.split(":")[0] not in MAY_CHANGE]
            if changed:
                raise ValueError(f"'{self}' holds a run with another recipe. It differs in {'; '.join(changed)}. "
                                 "Use another --workdir, or --overwrite to start anew.")
            if self.labels_file.is_file() and self.labels != list(labels):
                raise ValueError(f"'{self}' holds a run with other labels: {_some(self.labels)}. Received: "
                                 f"{_some(labels)}. Use another --workdir, or --overwrite to start anew.")

    def claim(self, recipe, labels, run):
        """Writes what the run is made of, after `check`."""
        self.check(recipe, labels)
        self.path.mkdir(parents=True, exist_ok=True)
        recipe.clip.save(self.clip_file)
        write_aside(self.labels_file, "".join(f"{label}\n" for label in labels))
        write_aside(self.run_file, json.dumps(run, indent=2) + "\n")
        write_aside(self.recipe_file, recipe.to_yaml(run.get("chosen", ())))

    @contextlib.contextmanager
    def alone(self):
        """A `with` that holds the folder, made if need be, against a second run; BlockingIOError if there is one.

        The system lets go when the process ends; a file system that cannot lock a folder holds nothing.
        """
        import fcntl

        self.path.mkdir(parents=True, exist_ok=True)
        held = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise BlockingIOError(f"Expected to be alone in '{self}'. Another `res3d train` is at work there. Wait for "
                                  "it, or use another --workdir.") from None
        except OSError:
            pass
        try:
            yield
        finally:
            os.close(held)

    def clear(self):
        """Removes the files of a former run, and only those; files of such names without a run are somebody's own."""
        if not self.recipe_file.is_file() and not self.state_file.is_file():
            return
        for file in self.logs.glob("events.out.tfevents.*"):
            file.unlink()
        for file in (self.state_file, self.best, self.last, self.history_file, self.quarantine_file, self.metrics_file,
                     self.predictions_file, self.report_file, self.run_file, self.clip_file, self.labels_file,
                     self.split_file, self.leaks_file, self.spans_file, self.held_out_file, self.found_file,
                     self.rejection_file, self.recipe_file):
            file.unlink(missing_ok=True)

    @property
    def labels(self):
        """Label names in the order of their ids."""
        return self._required(self.labels_file).read_text(encoding="utf-8").splitlines()

    @property
    def clip(self):
        """The ClipSpec of the run."""
        return ClipSpec.load(self._required(self.clip_file))

    @property
    def recipe(self):
        """The resolved recipe of the run."""
        return Recipe.from_mapping(yaml.safe_load(self._required(self.recipe_file).read_text(encoding="utf-8")))

    @property
    def run(self):
        """What else describes the run: data, versions, seed, revision."""
        return json.loads(self._required(self.run_file).read_text(encoding="utf-8"))

    @property
    def history(self):
        """Rows of history.csv: dicts of float, with an int `epoch`; empty before the first epoch ends."""
        return read_history(self.history_file) if self.history_file.is_file() else []

    def save_metrics(self, metrics):
        """Writes metrics.json."""
        write_aside(self.metrics_file, json.dumps(metrics, indent=2) + "\n")

    @property
    def model_file(self):
        """The best model, or the last where there is no best yet."""
        return self.best if self.best.is_file() else self._required(self.last)

    def _required(self, file):
        if not file.is_file():
            raise FileNotFoundError(f"A work folder of `res3d train` must hold {file.name}. '{self}' does not. "
                                    "Check --workdir, or train first.")
        return file


def is_spans_run(path):
    """Whether a path is a work folder that holds a run of task "spans"."""
    return WorkFolder(path).spans_file.is_file()


def write_history(path, rows):
    """One line an epoch; floats with all their digits, so that equal runs give equal files."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names)] + [",".join(repr(row[name]) if name in row else "" for name in names) for row in rows]
    write_aside(path, "".join(f"{line}\n" for line in lines))


def read_history(path):
    """The inverse of `write_history`."""
    with open(path, encoding="utf-8", newline="") as file:
        return [{name: int(value) if name == "epoch" else float(value) for name, value in row.items() if value}
                for row in csv.DictReader(file)]


def save_model(model, path):
    """Saves `model` for inference, aside and renamed: without optimizer and loss, which only training needs."""
    import keras

    inference = keras.Model(model.input, model.output, name=model.name)
    with renamed(path, ".keras") as aside:
        inference.save(aside)


def differences(old, new, where=""):
    """Lines `place: old -> new` for every leaf in which two nested mappings differ."""
    lines = []
    for key in dict.fromkeys([*old, *new]):
        place, a, b = f"{where}{key}", old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            lines += differences(a, b, f"{place}.")
        elif a != b:
            lines.append(f"{place}: {a!r} -> {b!r}")
    return lines


def _some(labels):
    labels = list(labels)
    return f"{len(labels)} ({', '.join(labels[:6])}{', ...' if len(labels) > 6 else ''})"
