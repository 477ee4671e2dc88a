"""Label Studio's tasks with predictions, which people then correct: `import` them into a project with `TimelineLabels`.

Times become numbers of frames at the `frameRate` of the labelling configuration: a time is rounded to a frame, a span
has at least one, and an instant is a range of one.
"""

import hashlib
import math

from pipelines.annotations.writing import by_video, write_json
from pipelines.storage.addresses import file_name, is_remote, join


def write(spans, path, options):
    """Writes one task a video, also for videos without labels; leaves nothing out."""
    tasks = by_video(spans.rows, spans.empty)
    write_json(path, [_task(video, rows, options) for video, rows in tasks.items()])
    return []


def _task(video, rows, options):
    place = video if is_remote(video) or not options.address else join(options.address, file_name(video))
    scores = [row.score for row in rows if row.score is not None]
    prediction = {"model_version": options.model, "result": [_result(video, row, options) for row in rows]}
    if scores:
        prediction["score"] = sum(scores) / len(scores)
    return {"data": {"video": place, "fps": options.rate}, "predictions": [prediction]}


def _result(video, row, options):
    identity = hashlib.blake2b(f"{video}|{row}".encode("utf-8", "replace"), digest_size=5).hexdigest()
    result = {"id": identity, "from_name": "label", "to_name": "video"}
    if row.start is None:
        result |= {"type": "choices", "value": {"choices": [row.label]}}
    else:
        first = round(row.start * options.rate) + options.first_frame
        last = first if row.is_instant else max(
            math.ceil(row.end * options.rate - 1e-6 - 0.5) + options.first_frame - 1, first + 1)
        result |= {"type": "timelinelabels", "value": {"ranges": [{"start": first, "end": last}],
                                                       "timelinelabels": [row.label]}}
    return result if row.score is None else result | {"score": row.score}
