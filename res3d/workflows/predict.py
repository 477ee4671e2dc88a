"""What happens in videos: the best classes of each, from a network here or from a server."""


import dataclasses
import pathlib

from res3d.evaluation.metrics import best

NO_NUMBERS = "the network gives no numbers for it, but NaN or infinity"


def predict(model, videos, *, protocol="centre", top=5, labels=None, workers=None):
    """Classifies videos.

    Args:
        model: work folder or `.keras` file.
        videos: list of files and folders of videos.
        protocol: name of a protocol.
        top: int. Classes a video.
        labels: file of label names, or None for the model's own.
        workers: int or None. Videos decoded at once.

    Returns:
        list, one a file and in their order: `{"video", "top": [{"label", "score"}, ...]}`, or `{"video", "error"}`.
    """
    from pipelines.annotations.entries import Manifest
    from res3d.workflows.loading import load_network
    from res3d.workflows.scoring import score

    network, clip, names, multi_label = load_network(model, labels)
    manifest = Manifest(find_videos(videos), names, multi_label=multi_label)
    scored = score(network, clip, manifest, protocol, names, workers=workers, multi_label=multi_label)
    errors = dict(scored.quarantine)
    rows = dict(zip(scored.positions, zip(scored.predictions.scores, scored.predictions.predicted)))
    results = []
    for position, entry in enumerate(manifest):
        if position not in rows:
            results.append({"video": entry.path, "error": errors.get(entry.path, "it cannot be read")})
            continue
        scores, answer = rows[position]
        results.append({"video": entry.path, "top": best(scores, names, top)} if answer >= 0 else
                       {"video": entry.path, "error": NO_NUMBERS})
    return results


def ask_server(address, videos, top=5):
    """As `predict`, asking a running server; `address` is grpc://HOST:PORT/MODEL or http://HOST:PORT/MODEL."""
    from serving.client.client import Client

    paths = [entry.path for entry in find_videos(videos)]
    with Client(address) as client:
        _ = client.clip  # one error, not one a video, if the server cannot be reached; it may still be loading
        answers = list(client.classify_many(paths, top))
    return [{"video": path, "error": " ".join(str(answer).split())} if isinstance(answer, Exception) else
            {"video": path, "top": answer} for path, answer in answers]


def explain(model, videos, results, path, *, labels=None):
    """Writes the middle clip of the one video in `results`, with the heat map and its classes drawn on, as a video.

    `videos` and `results` are what `predict` was given and gave; the frames of a record are its own.
    """
    from pipelines.video.writer import write_video
    from res3d.workflows.drawing import explained_clip
    from res3d.workflows.loading import load_network
    from res3d.workflows.scoring import middle_clip

    if len(results) != 1 or "top" not in results[0]:
        raise ValueError("`--explain` takes one video that can be classified. Received "
                         f"{len(results)}: {', '.join(result['video'] for result in results[:5])}. Name one; that of a "
                         "prepared folder is PREPARED/NAME.")
    network, clip, _, _ = load_network(model, labels)
    pixels, rate = middle_clip(*find_videos(videos), clip)
    write_video(path, explained_clip(network, pixels, results[0]["top"]), fps=rate)


def find_videos(names):
    """Manifest entries: files as they are given, folders as all below them that may be a video, sorted, or the records
    of a prepared folder; PREPARED/NAME is the record of one video.

    Raises:
        ValueError: if there is none.
    """
    from pipelines.annotations.entries import Entry
    from pipelines.annotations.files import walk
    from pipelines.records import index, layout

    found = []
    for name in map(str, names):
        if layout.are_records(name):  # their labels are not asked for, and may be others than the network's
            found += [dataclasses.replace(entry, labels=()) for entry in index.read(name)]
        elif pathlib.Path(name).is_dir():
            found += [Entry(path, num_frames=num_frames) for path, num_frames in walk(name)]
        else:
            found.append(_record(name) or Entry(name))
    if not found:
        raise ValueError(f"Expected at least one video. There is none in {', '.join(map(repr, names))}.")
    return found


def _record(name):
    """The record called `name`: a prepared folder, then the name that a video has in it; None if there is none."""
    from pipelines.records import index, layout

    path = pathlib.Path(name)
    folder = None if path.exists() else next((parent for parent in path.parents if parent.is_dir()), None)
    if folder is None or not layout.are_records(folder):
        return None
    wanted = path.relative_to(folder).as_posix()
    entry = next((entry for entry in index.read(folder) if entry.path == wanted), None)
    return entry and dataclasses.replace(entry, labels=())


def table(results):
    """Results as text: a line a class, the video before the first.

    >>> print(table([{"video": "a.mp4", "top": [{"label": "run", "score": 0.5}]}, {"video": "b.mp4", "error": "bad"}]))
    a.mp4   0.5000  run
    b.mp4   error   bad
    """
    width = max(len(result["video"]) for result in results)
    lines = []
    for result in results:
        rows = [(f"{item['score']:.4f}", item["label"]) for item in result.get("top", ())]
        for number, (score, text) in enumerate(rows or [("error ", result.get("error", ""))]):
            lines.append(f"{result['video'] if not number else '':<{width}}   {score}  {text}")
    return "\n".join(lines)
