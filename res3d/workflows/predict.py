"""What happens in videos: the best classes of each, from a network here."""

from pipelines.annotations.entries import Manifest
from pipelines.video.writer import write_video
from res3d.evaluation.metrics import best
from res3d.workflows.ask import find_videos
from res3d.workflows.loading import load_network, load_rejection
from res3d.workflows.runtimes.network import is_runtime_file
from res3d.workflows.scoring import middle_clip, score
from res3d.workflows.showing.drawing import explained_clip

NO_NUMBERS = "the network gives no numbers for it, but NaN or infinity"


def predict(model, videos, *, protocol="centre", top=5, labels=None, workers=None, activation=None):
    """Classifies videos.

    Args:
        model: work folder, `.keras` file, or an export to a file of another runtime.
        videos: list of files and folders of videos.
        protocol: name of a protocol.
        top: int. Classes a video.
        labels: file of label names, or None for the model's own.
        workers: int or None. Videos decoded at once.
        activation: what the model's numbers are, as of `load_network`.

    Returns:
        list, one a file and in their order: `{"video", "top": [{"label", "score"}, ...]}`, or `{"video", "error"}`; of
        a network with a rejection also `none`, whether the answer is none of these, and of one of several labels a
        video `labels`, those that are answers.
    """
    network, clip, names, multi_label = load_network(model, labels, activation)
    rejection = load_rejection(model, network)
    manifest = Manifest(find_videos(videos), names, multi_label=multi_label)
    scored = score(network, clip, manifest, protocol, names, workers=workers, multi_label=multi_label)
    errors = dict(scored.quarantine)
    rows = dict(zip(scored.positions, zip(scored.predictions.scores, scored.predictions.predicted)))
    most = max(top, len(names)) if rejection is not None and multi_label else top
    results = []
    for position, entry in enumerate(manifest):
        if position not in rows:
            results.append({"video": entry.path, "error": errors.get(entry.path, "it cannot be read")})
            continue
        scores, answer = rows[position]
        if answer < 0:
            results.append({"video": entry.path, "error": NO_NUMBERS})
            continue
        found = best(scores, names, most)
        results.append({"video": entry.path, **({"top": found[:top]} if rejection is None else
                                                rejection.judge(found, top, multi_label))})
    return results


def explain(model, videos, results, path, *, labels=None, activation=None):
    """Writes the middle clip of the one video in `results`, with the heat map and its classes drawn on, as a video.

    `videos` and `results` are what `predict` was given and gave; the frames of a record are its own.
    """
    if len(results) != 1 or "top" not in results[0]:
        raise ValueError("`--explain` takes one video that can be classified. Received "
                         f"{len(results)}: {', '.join(result['video'] for result in results[:5])}. Name one; that of a "
                         "prepared folder is PREPARED/NAME.")
    if is_runtime_file(model):
        raise ValueError("`--explain` looks into the network, which a file of another runtime does not allow. "
                         f"Received: '{model}'. Name the work folder or the .keras file that it was made of.")
    network, clip, _, _ = load_network(model, labels, activation)
    pixels, rate = middle_clip(*find_videos(videos), clip)
    write_video(path, explained_clip(network, pixels, results[0]["top"]), fps=rate)
