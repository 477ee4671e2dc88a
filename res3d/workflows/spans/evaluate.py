"""The figures of a run on long videos that it was not trained on."""

import json
import time

from pipelines.dataset.windows.span_set import SpanSet
from pipelines.spans import read_spans
from res3d.saving import load_model
from res3d.spans.contract import SpanSpec
from res3d.training.workfolder import WorkFolder, is_spans_run
from res3d.workflows.spans.figures import figures_of, find_all
from res3d.workflows.spans.reporting import leave_figures
from res3d.workflows.spans.step_figures import Steps


def load_spans_run(workdir):
    """(model, clip, contract) of a work folder of task "spans".

    Raises:
        FileNotFoundError: for a folder of another task, or of no run.
    """
    folder = WorkFolder(workdir)
    if not is_spans_run(workdir):
        raise FileNotFoundError(f"A work folder of `res3d train --task=spans` must hold "
                                f"{folder.spans_file.name}. '{folder}' does not.")
    return load_model(folder.model_file, compile=False), folder.clip, SpanSpec.load(folder.spans_file)


def evaluate_spans(workdir, data=None, **lists):
    """Scores a run on the videos it held out, or on those of the labels `data`; writes metrics.json, found.csv
    and report.html, whose timelines show the worst videos first.

    `lists` are `videos` and `format` of an annotation file, as `read_spans` takes them.

    Returns:
        dict of figures; `map`, `map_at` by overlap, `errors` by kind, `alarms_per_hour`, `steps` as of `Steps.figures`,
        `chosen_on_these`, `skipped`, `real_time`.
    """
    model, clip, spec = load_spans_run(workdir)
    folder = WorkFolder(workdir)
    spans = SpanSet.load(folder.held_out_file) if data is None else _other(data, spec, lists)
    started = time.monotonic()
    steps = Steps(spans, spec)
    found, seconds, skipped = find_all(model, clip, spec, spans, steps)
    if not seconds:
        raise ValueError(f"Expected at least one video that decodes. None of {len(spans.videos)} does.")
    figures = figures_of(found, spans, spec, seconds, steps, own=data is None)
    figures |= {"skipped": skipped, "real_time": seconds / (time.monotonic() - started)}
    leave_figures(folder, found, spans, spec, figures, own=data is None)
    return figures


def spans_summary(workdir, history):
    """What `res3d train` prints last."""
    folder = WorkFolder(workdir)
    lines = []
    if history and "val_map" in history[-1]:
        best = max(history, key=lambda row: row["val_map"])
        lines.append(f"{len(history)} epochs; best val_map {best['val_map']:.4f} in epoch {best['epoch']}: "
                     f"{folder.best}")
        lines += told(json.loads(folder.metrics_file.read_text(encoding="utf-8")))
        lines.append(f"report: {folder.report_file}")
    elif history:
        lines.append(f"{len(history)} epochs; no videos were held out, so that the best is that of the least loss")
    return "\n".join([*lines, f"next: res3d predict VIDEO --model={folder}"])


def _other(data, spec, lists):
    """The spans of other labels than the run's own; those of a class that it does not know are refused."""
    spans = read_spans(data, **lists)
    unknown = sorted(set(spans.labels) - set(spec.labels))
    if unknown:
        raise ValueError(f"Expected spans of the run's classes: {', '.join(spec.labels)}. Received '{data}' with "
                         f"{', '.join(unknown)}. Rename or remove them.")
    return SpanSet(spans, labels=spec.labels)


def told(figures):
    """Lines of figures for a terminal."""
    lines = [f"map {100 * figures['map']:.2f} %"]
    lines += [f"map at overlap {overlap}: {100 * value:.2f} %" for overlap, value in figures.get("map_at", {}).items()]
    lines += [f"map within {seconds} s: {100 * value:.2f} %"
              for seconds, value in figures.get("map_within_seconds", {}).items()]
    errors = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in figures["errors"].items())
    chosen = "; the threshold was chosen on these very videos" if figures.get("chosen_on_these") else ""
    return [*lines, *_of_steps(figures.get("steps")), f"at threshold {figures['threshold']:.3f}: {errors}; "
            f"{figures['alarms_per_hour']:.1f} false alarms an hour{chosen}"]


def _of_steps(steps):
    """A line of what `Steps.figures` gives, or none."""
    if not steps:
        return []
    text = f"steps: mean average precision {100 * steps['frame_map']:.2f} %"
    if "f1" in steps:
        f1 = ", ".join(f"{value:.1f} at {overlap}" for overlap, value in steps["f1"].items())
        text += f", {100 * steps['right']:.2f} % right, edit score {steps['edit']:.1f}, F1 by overlap {f1}"
    return [text]
