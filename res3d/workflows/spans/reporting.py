"""What a run on long videos leaves of the figures of its spans: metrics.json, found.csv and report.html."""

from res3d.evaluation.report.spans import write_span_report
from res3d.spans.decoding import reaching
from res3d.workflows.showing.strips import recorded_strips, strip_or_none
from res3d.workflows.spans.writing import write_found


def leave_figures(folder, found, spans, spec, figures, own):
    """Writes the three files.

    Args:
        folder: `WorkFolder`.
        found: all spans that were found, as `find_all` gives them.
        spans: `SpanSet` of the truth.
        spec: SpanSpec. Its threshold tells which are answers.
        figures: dict, as `figures_of` gives it, with `skipped`.
        own: bool. Whether these are the videos that the run held out, by which its threshold was chosen.
    """
    folder.save_metrics(figures)
    write_found(found, folder.found_file)
    skipped = {path for path, _ in figures["skipped"]}
    videos = [video for video in spans.videos if video not in skipped]
    seen = set(videos)
    strip = strip_or_none if spans.records is None else recorded_strips(spans.records)
    write_span_report(
        folder.report_file, reaching(found, spec), [span for span in spans.spans if span.video in seen], figures,
        videos, strip, folder.history, f"Spans of {folder}",
        folder.recipe_file.read_text(encoding="utf-8") if folder.recipe_file.is_file() else "", chosen_here=own)
