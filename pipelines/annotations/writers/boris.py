"""A table of aggregated events with BORIS's columns, for scripts and spreadsheets that read these."""

import csv

from pipelines.annotations.writing import without_times
from pipelines.storage.addresses import file_name
from res3d.atomic import writing

HEADER = ("Observation id", "Media file name", "FPS (frame/s)", "Subject", "Behavior", "Behavior type", "Start (s)",
          "Stop (s)", "Duration (s)", "Comment start")


def write(spans, path, options):
    """Writes a row a span; leaves out labels of whole videos, which have no times."""
    with writing(path, "w", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for row in spans.rows:
            if row.start is not None:
                writer.writerow([file_name(row.video), row.video, spans.rates.get(row.video, "NA"),
                                 row.subject or "No focal subject", row.label,
                                 "POINT" if row.is_instant else "STATE", row.start, row.end,
                                 "NA" if row.is_instant else row.end - row.start, row.annotator or ""])
    return without_times(spans, "has no times")
