"""Whether labels are of spans in long videos, and a recipe for them: facts looked up, rules asked."""

import collections

import numpy as np

from pipelines.annotations import columns, reading
from pipelines.annotations.text import LOOKED_AT, read_text, separated
from pipelines.storage import folders
from res3d.choosing.span_rules import SPAN_RULES, SpanFacts, recipe_name
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.devices import accelerator
from res3d.workflows.spans.labels import read_labels

MINUTES = 60.0
OF_TIMELINES = ("label_studio", "via", "boris", "elan", "cvat", "deepethogram", "create_ml", "fiftyone", "e2e_spot",
                "soccernet")  # formats of tools that people label long videos with
SEVERAL = 2  # spans of a video, in the middle of all


def span_line(data, read=None, **lists):
    """One line that says why `data` is labels of spans in long videos; None where it may as well be one of clips.

    It is where every label has its times, and either some are instants, which are no clips, or most videos have several
    and the file is that of a tool for timelines, or a table whose column of files is called `video`.

    `read` is a function that gives the labels, `Spans`, or None to read them here.
    """
    try:
        format = lists.get("format") or reading.detect(data)
        if format not in (*OF_TIMELINES, "manifest") or (format == "manifest" and not _of_videos(data)):
            return None
        spans = read_labels(data, **lists) if read is None else read()
    except (OSError, ValueError):
        return None  # what is wrong with it is said by whoever reads it as clips
    if not len(spans) or any(span.start is None or span.end is None for span in spans):
        return None
    counts = collections.Counter(span.video for span in spans)
    if np.median(list(counts.values())) < SEVERAL:
        return None
    return (f"{'task':<12} spans: {spans.summary()}, all with their times; --task=clips would take each span for a "
            "clip")


def _of_videos(path):
    """Whether a table calls its column of files `video`, as tables of spans do."""
    if folders.is_folder(path):
        return False
    header = separated(read_text(path, LOOKED_AT, names=True))[1]
    return "video" in [columns.plain_column(name) for name in next(iter(header), [])]


def span_recipe(data, workdir, minutes=None, settings=(), overwrite=False, read=None, **lists):
    """(`Recipe`, lines that say why) for the run in a work folder, which goes on with its own, or for a new one.

    Args:
        data: what `pipelines.read_spans` reads.
        workdir: folder.
        minutes: float or None. What training may take; None is an hour.
        settings: "field=value", which stand whatever is chosen.
        overwrite: bool. Whether a run in the folder is begun anew.
        read: as of `span_line`.
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
    facts = facts_of(read_labels(data, **lists) if read is None else read(), MINUTES if minutes is None else minutes)
    choices = [rule(facts) for rule in SPAN_RULES]
    chosen = [f"{place}={value}" for choice in choices for place, value in choice.settings.items()]
    return find_recipe(recipe_name(facts), [*chosen, *settings]), [str(choice) for choice in choices]


def facts_of(spans, minutes):
    """The `SpanFacts` of labels, and of this machine."""
    lasts = [span.end - span.start for span in spans if span.start is not None and span.end > span.start]
    short, middle = (float(value) for value in np.quantile(lasts, (0.1, 0.5))) if lasts else (None, None)
    return SpanFacts(len(spans.videos), len(spans), short, middle, accelerator(), minutes)
