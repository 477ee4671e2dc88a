"""The rules of `--recipe=auto` for spans in long videos: from how long things last to the fields of a recipe.

A rule is a function of `SpanFacts` that gives a `Choice`; SPAN_RULES is their order, and later ones see what the rate
has become. What users set themselves stands.
"""

import dataclasses
import math

from res3d.choosing.choice import Choice

STEPS = 4  # that the shorter spans last at the least, so that their ends can be told
RATES = 10.0, 25.0  # steps a second, at the least and at the most
MOMENTS = 10.0  # steps a second where only instants are looked for
WINDOWS = 32, 64  # steps of a window
COVERED = 2.0  # times a usual span, so that what is before and after it is seen


@dataclasses.dataclass(frozen=True)
class SpanFacts:
    """What the rules know.

    Attributes:
        videos, spans: ints. How many.
        short, middle: floats or None. Seconds that the shorter (a tenth is below) and the usual spans last; None where
            all are instants.
        gpu: str or None. Name of the first graphics processor that the backend sees.
        minutes: float. What training may take.
    """

    videos: int
    spans: int
    short: float | None
    middle: float | None
    gpu: str | None
    minutes: float


def recipe_name(facts):
    """The recipe that the choices change: that of an accelerator, where there is one."""
    return "spans_default" if facts.gpu else "spans_small"


def network(facts):
    """The network of the recipe for the machine."""
    what, why = ("R(2+1)D of 18 layers", f"it trains on {facts.gpu}") if facts.gpu else (
        "plain3d_5, which sees motion", "there is no accelerator")
    return Choice("network", what, f"{why}; recipe {recipe_name(facts)}")


def rate(facts):
    """So many steps a second that short spans last some steps."""
    if facts.short is None:
        return Choice("rate", f"{MOMENTS:g} steps a second", "all labels are instants", {"clip.fps": MOMENTS})
    least, most = RATES
    steps = float(min(max(math.ceil(STEPS / facts.short), least), most))
    return Choice("rate", f"{steps:g} steps a second", f"the shorter spans last {facts.short:.2g} s",
                  {"clip.fps": steps})


def window(facts):
    """A window that shows a usual span with what is around it."""
    if facts.middle is None:
        return Choice("window", f"{WINDOWS[0]} steps", "all labels are instants", {"clip.frames": WINDOWS[0]})
    wanted = COVERED * facts.middle * rate(facts).settings["clip.fps"]
    frames = next((size for size in WINDOWS if size >= wanted), WINDOWS[-1])
    return Choice("window", f"{frames} steps", f"a usual span lasts {facts.middle:.2g} s", {"clip.frames": frames})


def length(facts):
    """The recipe's epochs, or as many as the minutes allow."""
    return Choice("epochs", f"those of the recipe, for {facts.minutes:g} minutes at the most",
                  f"{facts.spans} spans in {facts.videos} videos", {"stop.max_minutes": facts.minutes})


SPAN_RULES = (network, rate, window, length)
