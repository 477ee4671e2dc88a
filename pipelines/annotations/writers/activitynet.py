"""ActivityNet's results, as its evaluation reads them: `{"results": {id: [{"label", "score", "segment"}]}}`."""

import os

from pipelines.annotations.writing import by_video, without_times, write_json
from pipelines.storage.addresses import file_name, shown


def write(spans, path, options):
    """Writes the spans by the names of their videos, without suffix and `v_`; leaves out labels of whole videos.

    Raises:
        ValueError: for two videos of one name.
    """
    results, whose = {}, {}
    for video, rows in by_video(spans.rows, spans.empty).items():
        name = os.path.splitext(file_name(video))[0].removeprefix("v_")
        if name in whose:
            raise ValueError(f"Expected videos of different names. Received '{shown(whose[name])}' and "
                             f"'{shown(video)}', which are both '{name}' there. Rename one.")
        whose[name] = video
        results[name] = [{"label": row.label, "score": 1.0 if row.score is None else row.score,
                          "segment": [row.start, row.end]} for row in rows if row.start is not None]
    write_json(path, {"version": "VERSION 1.3", "results": results, "external_data": {"used": False, "details": ""}})
    return without_times(spans, "results have segments alone")
