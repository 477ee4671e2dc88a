"""A JSON list of objects with the columns of the plain table, for programs."""

import dataclasses

from pipelines.annotations.writing import write_json


def write(spans, path, options):
    """Writes what each row says; leaves nothing out."""
    rows = (dataclasses.asdict(row) for row in spans.rows)
    write_json(path, [{name: value for name, value in row.items() if value is not None} for row in rows])
    return []
