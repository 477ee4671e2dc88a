"""What scores of steps mean in time, and how spans are read off them: saved beside a model, read by all who ask it."""

import dataclasses
import json
import math
import os
from numbers import Real

from res3d.atomic import write_aside

SCORES = ("contrast", "mean")


@dataclasses.dataclass(frozen=True)
class SpanSpec:
    """How the answers of a network for long videos are read.

    Step k of a video covers the time [k, k + 1) / rate. A span of the steps i to j - 1 lasts from i / rate to j / rate;
    an instant at step k is at k / rate.

    Args:
        labels: names of the classes, without the one of nothing.
        rate: float. Steps a second.
        window: int. Steps that the network sees at once.
        step: int or None. Steps from the start of one window to the start of the next; None is half a window.
        none_class: bool. The first score is of nothing at all, and the scores of a step are a softmax; else each label
            has a sigmoid of its own.
        instants: labels that are moments.
        smooth_seconds: float. Width of the mean that is run over the scores before spans are read off, 0 for none.
        levels: scores that are cut at: what stays above one is a candidate.
        scoring: "contrast", the mean inside less the mean of a quarter of the length on each side; or "mean".
        overlap: float. A candidate that overlaps a better one of its label by more is left out.
        soft: float. Above 0 it is not left out, but its score falls by exp(-overlap**2 / soft).
        least_seconds: float. Shorter spans are left out.
        apart_seconds: float. Of two instants of a label that are nearer, the lower is left out.
        keep: float. Lower scores are left out.
        on, off: floats. Live, a span opens when the score reaches `on` and closes when it falls below `off`.
        threshold: float. What counts as an answer for people; figures over all thresholds do not use it.
        alarms_per_hour: float or None. The number of false alarms that `threshold` was chosen for.
        temperature: float. Logits are divided by it before they become probabilities.

    Raises:
        ValueError: for a field out of its domain; the message names it.

    >>> spec = SpanSpec(("serve", "smash"), rate=10, window=40)
    >>> spec.step, spec.num_classes, spec.window_seconds
    (20, 3, 4.0)
    """

    labels: tuple[str, ...]
    rate: float
    window: int
    step: int | None = None
    none_class: bool = True
    instants: tuple[str, ...] = ()
    smooth_seconds: float = 0.0
    levels: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    scoring: str = "contrast"
    overlap: float = 0.5
    soft: float = 0.0
    least_seconds: float = 0.0
    apart_seconds: float = 0.5
    keep: float = 0.01
    on: float = 0.5
    off: float = 0.3
    threshold: float = 0.5
    alarms_per_hour: float | None = None
    temperature: float = 1.0

    def __post_init__(self):
        for name in ("labels", "instants", "levels"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        _require(self.labels and len(set(self.labels)) == len(self.labels) and all(
            isinstance(label, str) and label for label in self.labels), "labels", "different names", self.labels)
        _require(set(self.instants) <= set(self.labels), "instants", "some of the labels", self.instants)
        _require(_number(self.rate) and self.rate > 0, "rate", "steps a second, above 0", self.rate)
        for name, value in (("window", self.window), ("step", self.step)):
            valid = (value is None and name == "step") or (isinstance(value, int) and not isinstance(value, bool))
            _require(valid and (value is None or value > 0), name, "a positive int", value)
        if self.step is None:
            object.__setattr__(self, "step", max(self.window // 2, 1))
        _require(self.step <= self.window, "step", f"at most the window of {self.window}, or steps are left out",
                 self.step)
        for name in ("smooth_seconds", "soft", "least_seconds", "apart_seconds", "keep", "threshold"):
            value = getattr(self, name)
            _require(_number(value) and value >= 0, name, "a number, 0 or more", value)
        _require(self.levels and all(_number(value) and 0 < value < 1 for value in self.levels), "levels",
                 "numbers between 0 and 1", self.levels)
        _require(self.scoring in SCORES, "scoring", f"one of {', '.join(SCORES)}", self.scoring)
        _require(_number(self.overlap) and 0 < self.overlap <= 1, "overlap", "above 0 and at most 1", self.overlap)
        valid = _number(self.on) and _number(self.off) and 0 <= self.off <= self.on <= 1
        _require(valid, "off", f"from 0 to on={self.on!r}, which is at most 1", self.off)
        _require(_number(self.temperature) and self.temperature > 0, "temperature", "above 0", self.temperature)

    @property
    def num_classes(self) -> int:
        """Scores of a step."""
        return len(self.labels) + self.none_class

    @property
    def window_seconds(self) -> float:
        """How long a window is."""
        return self.window / self.rate

    def replace(self, **changes) -> "SpanSpec":
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict:
        """The fields by name, JSON-ready."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """The fields as a JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "SpanSpec":
        """The inverse of `to_json`; unknown fields are refused by name."""
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, fields: dict) -> "SpanSpec":
        """The inverse of `to_dict`; unknown fields are refused by name."""
        known = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(fields, dict) or set(fields) - set(known):
            raise ValueError(f"A span contract has the fields {', '.join(known)}. Received: {str(fields)[:200]!r}.")
        return cls(**fields)

    def save(self, path: str | os.PathLike) -> None:
        """Writes `to_json` to `path`, aside and renamed."""
        write_aside(path, self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike) -> "SpanSpec":
        """Reads what `save` wrote."""
        with open(path, encoding="utf-8") as file:
            return cls.from_json(file.read())


def _number(value):
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _require(condition, name, expected, received):
    if not condition:
        raise ValueError(f"`{name}` of a span contract must be {expected}. Received: {name}={received!r}.")
