"""A run on long videos to a SavedModel version that finds spans."""

from res3d.workflows.export import run_facts
from res3d.workflows.spans.evaluate import load_spans_run
from serving.exporter.steps.saved_model import export_spans


def export_spans_run(workdir, output, **options):
    """Writes a version of the best network of a work folder of task "spans"; returns its path.

    `options` are those of `serving.export_spans`.
    """
    model, clip, spec = load_spans_run(workdir)
    return export_spans(model, output, spec, clip=clip, card=run_facts(workdir), **options)
