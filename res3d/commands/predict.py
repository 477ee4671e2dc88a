"""Names what happens in videos: the best classes of each, as a table or as JSON.

Takes any number of files and folders; a file that cannot be classified is reported in its place, and only when nothing
could be classified does the command fail. --server asks a running `res3d serve` instead of loading a model;
--sliding follows a long file, a camera or a stream, one line of JSON a window.
"""

import dataclasses
import json
import pathlib
import sys

EXAMPLE = "res3d predict videos/ more/clip.mp4 --model=runs/first"
NO_NUMBERS = "the network gives no numbers for it, but NaN or infinity"


def add_flags(parser):
    """Flags of `res3d predict`."""
    parser.add_argument("videos", nargs="+", metavar="VIDEO",
                        help="file or folder of videos, or PREPARED/NAME for the record of one; with --sliding a file, "
                             "a camera's number or a stream's address")
    parser.add_argument("--model", help="work folder, or .keras file")
    parser.add_argument("--labels", help="file of label names, one a line (default: labels.txt beside the model)")
    parser.add_argument("--protocol", default="centre", help="how videos are cut into clips (default: %(default)s)")
    parser.add_argument("--top", type=int, default=5, help="classes to show (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help='print [{"video", "top": [{"label", "score"}]}]')
    parser.add_argument("--workers", type=int, help="videos decoded at once (default: one a core)")
    parser.add_argument("--server", metavar="ADDRESS", help="served model to ask: grpc://HOST:PORT/MODEL or http://HOST:PORT/MODEL")
    parser.add_argument("--explain", metavar="FILE", help="write the clip with heat map and classes drawn on")
    parser.add_argument("--sliding", action="store_true", help="follow one long or live video in overlapping windows")
    parser.add_argument("--step", type=int, help="with --sliding: frames from one window to the next (default: half)")
    parser.add_argument("--output", metavar="FILE", help="with --sliding: write the annotated video")


def run(args):
    """Classifies and prints; 1 if nothing could be classified."""
    if args.top < 1:
        raise ValueError(f"`--top` must be 1 or more. Received: {args.top}.")
    if (args.model is None) == (args.server is None):
        raise ValueError("`res3d predict` needs either --model or --server. Received "
                         f"{'neither' if args.model is None else 'both'}.")
    if args.explain is not None and args.model is None:
        raise ValueError("`--explain` needs the network itself: --model. Received --server.")
    _check_company(args)
    if args.sliding:
        return _slide(args)
    if args.server is not None:
        results = ask_server(args.server, args.videos, args.top)
    else:
        results = predict(args.model, args.videos, protocol=args.protocol, top=args.top, labels=args.labels,
                          workers=args.workers)
    print(json.dumps(results, indent=1) if args.json else table(results))
    if args.explain is not None:
        explain(args.model, args.videos, results, args.explain, labels=args.labels)
        print(f"explained in {args.explain}", file=sys.stderr)
    if not any("top" in result for result in results):
        print("res3d predict: error: none of the videos could be classified", file=sys.stderr)
        return 1
    return 0


def _check_company(args):
    """Raises ValueError for a flag that the others leave without effect."""
    if args.sliding:
        idle, where = [name for name in ("explain",) if getattr(args, name) is not None], "without --sliding"
    else:
        idle, where = [name for name in ("step", "output") if getattr(args, name) is not None], "with --sliding"
    if not idle and args.server is not None:
        idle, where = [name for name in ("labels", "workers") if getattr(args, name) is not None], "with --model"
        idle += ["protocol"] if args.protocol != "centre" else []
    if idle:
        raise ValueError(f"`--{idle[0]}` works {where} only. Received: --{idle[0]}={getattr(args, idle[0])}. "
                         "Leave it out, or change the other flags.")


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
    from res3d.commands.scoring import load_network, score

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
    from res3d.commands.drawing import explained_clip
    from res3d.commands.scoring import load_network, middle_clip

    if len(results) != 1 or "top" not in results[0]:
        raise ValueError("`--explain` takes one video that can be classified. Received "
                         f"{len(results)}: {', '.join(result['video'] for result in results[:5])}. Name one; that of a "
                         "prepared folder is PREPARED/NAME.")
    network, clip, _, _ = load_network(model, labels)
    pixels, rate = middle_clip(*find_videos(videos), clip)
    write_video(path, explained_clip(network, pixels, results[0]["top"]), fps=rate)


def _slide(args):
    """Prints a line of JSON a window; 1 if there was none."""
    from res3d.commands import sliding
    from res3d.commands.scoring import load_network

    if args.server is not None or len(args.videos) != 1:
        raise ValueError("`--sliding` takes one video and --model. Received "
                         f"{len(args.videos)} videos{' and --server' if args.server is not None else ''}.")
    source = int(args.videos[0]) if args.videos[0].isdecimal() else args.videos[0]
    network, clip, names, multi_label = load_network(args.model, args.labels)
    windows = 0

    def frames():
        nonlocal windows
        latest = None
        for answer, frame in sliding.slide(network, clip, names, source, step=args.step, top=args.top,
                                           multi_label=multi_label):
            if answer is not None:
                windows, latest = windows + 1, answer
                print(json.dumps({"video": args.videos[0], **answer}), flush=True)
            if frame is not None:
                yield sliding.annotated(latest, frame)

    if args.output is not None:
        from pipelines.video.writer import write_video

        rate = 25.0 if isinstance(source, int) or "://" in source else _rate(source)
        write_video(args.output, frames(), fps=rate)
    else:
        for _ in frames():
            pass
    return 0 if windows else 1


def _rate(path):
    from pipelines.video.reading import probe

    return probe(path).fps


def best(scores, labels, top):
    """The `top` best classes: `[{"label", "score"}, ...]`, best first, ties in the order of the labels.

    >>> import numpy as np
    >>> best(np.array([0.25, 0.75]), ["run", "jump"], 1)
    [{'label': 'jump', 'score': 0.75}]
    """
    import numpy as np

    order = np.argsort(-np.asarray(scores), kind="stable")[:top]
    return [{"label": labels[i], "score": float(scores[i])} for i in order]


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
