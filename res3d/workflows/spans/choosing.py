"""A recipe for spans in long videos: facts looked up, rules asked."""

import numpy as np

from pipelines.dataset.windows.recorded import RecordedVideos, settings_of
from pipelines.spans import read_spans
from res3d.choosing.choice import Choice
from res3d.choosing.span_rules import SPAN_RULES, SpanFacts, recipe_name
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.devices import accelerator

MINUTES = 60.0


def span_recipe(data, workdir, minutes=None, settings=(), overwrite=False, read=None, **lists):
    """(`Recipe`, lines that say why) for the run in a work folder, which goes on with its own, or for a new one.

    Args:
        data: what `pipelines.read_spans` reads.
        workdir: folder.
        minutes: float or None. What training may take; None is an hour.
        settings: "field=value", which stand whatever is chosen.
        overwrite: bool. Whether a run in the folder is begun anew.
        read: as of `res3d.workflows.spans.labels.span_line`.
        lists: `videos` and `format`, as `read_spans` takes them.

    Raises:
        ValueError: for minutes that are not positive.
    """
    if minutes is not None and not minutes > 0:
        raise ValueError(f"`--minutes` must be a positive number. Received: {minutes:g}.")
    folder = WorkFolder(workdir)
    if folder.recipe_file.is_file() and not overwrite:
        settings = [*settings, *([] if minutes is None else [f"stop.max_minutes={minutes}"])]
        return find_recipe(str(folder.recipe_file), ["task=spans", *settings]), (
            folder.run.get("chosen", []) if folder.run_file.is_file() else [])
    spans = read_spans(data, **lists) if read is None else read()
    return chosen_for(spans, MINUTES if minutes is None else minutes, settings)


def chosen_for(spans, minutes=MINUTES, settings=()):
    """(`Recipe`, lines that say why) for `Spans`; of records, at the steps and the size that they hold."""
    facts = facts_of(spans, minutes)
    choices = [rule(facts) for rule in SPAN_RULES]
    if spans.records is not None:
        choices = [choice for choice in choices if choice.about != "rate"] + [_of_records(spans.records)]
    chosen = [f"{place}={value}" for choice in choices for place, value in choice.settings.items()]
    return find_recipe(recipe_name(facts), [*chosen, *settings]), [str(choice) for choice in choices]


def _of_records(folder):
    recorded = RecordedVideos(folder)
    return Choice("frames", f"{recorded.rate:g} steps a second, resized to {recorded.clip.resize}",
                  "the records hold them so", settings_of(recorded.clip))


def facts_of(spans, minutes):
    """The `SpanFacts` of labels, and of this machine."""
    lasts = [span.end - span.start for span in spans if span.start is not None and span.end > span.start]
    short, middle = (float(value) for value in np.quantile(lasts, (0.1, 0.5))) if lasts else (None, None)
    return SpanFacts(len(spans.videos), len(spans), short, middle, accelerator(), minutes)
