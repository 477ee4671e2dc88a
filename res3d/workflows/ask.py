"""What a server says of videos, as people name them; nothing here waits for TensorFlow."""

import dataclasses
import pathlib

from pipelines.annotations.entries import Entry
from pipelines.annotations.files import walk
from pipelines.records import index, layout
from res3d.evaluation.rejection import from_card
from res3d.terminal.progress import bar
from res3d.terminal.tables import aligned
from serving.client import addresses
from serving.client.client import Client


def ask_server(client, videos, top=5):
    """As `predict`, asking a `serving.client.Client`."""
    paths, answers = [entry.path for entry in find_videos(videos)], []
    _ = client.clip  # one error, not one a video, if the server cannot be reached; it may still be loading
    rejection = from_card(client.card)
    several = rejection is not None and client.card["multi_label"]
    with bar(len(paths), "asking", "video") as counted:
        for answer in client.classify_many(paths, max(top, len(client.labels)) if several else top):
            answers.append(answer)
            counted.update()
    return [{"video": path, "error": " ".join(str(answer).split())} if isinstance(answer, Exception) else
            {"video": path, **({"top": answer} if rejection is None else rejection.judge(answer, top, several))}
            for path, answer in answers]


def connected(address, *, headers=None, **certificates):
    """A `Client` of a running server.

    Args:
        address: grpc://HOST:PORT/MODEL or http://HOST:PORT/MODEL.
        headers: "NAME:VALUE" strings, or "@FILE" for a file that has one a line; metadata with gRPC. None is none.
        certificates: `ca`, `cert` and `key` of `serving.client.Client`.

    Raises:
        ValueError: for what is no header; the values are not quoted.
    """
    sent = {"metadata" if addresses.parse(address).interface == "grpc" else "headers": read_headers(headers or ())}
    return Client(address, **sent, **certificates)


def read_headers(texts):
    """{name: value} of "NAME:VALUE" strings and of the lines of "@FILE"; blank lines are none.

    >>> read_headers(["Authorization: Bearer 123", "x-team:video"])
    {'Authorization': 'Bearer 123', 'x-team': 'video'}
    """
    headers = {}
    for text in texts:
        lines = pathlib.Path(text[1:]).read_text(encoding="utf-8").splitlines() if text.startswith("@") else [text]
        for line in filter(str.strip, lines):
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                place = f" in {text[1:]!r}" if text.startswith("@") else ""
                raise ValueError("A header must be NAME:VALUE, as in 'Authorization: Bearer TOKEN'. Received one "
                                 f"without a {'name' if colon else 'colon'}{place}.")
            headers[name.strip()] = value.strip()
    return headers


def find_videos(names):
    """Manifest entries: files as they are given, folders as all below them that may be a video, sorted, or the records
    of a prepared folder; PREPARED/NAME is the record of one video.

    Raises:
        ValueError: if there is none.
    """
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
    path = pathlib.Path(name)
    folder = None if path.exists() else next((parent for parent in path.parents if parent.is_dir()), None)
    if folder is None or not layout.are_records(folder):
        return None
    wanted = path.relative_to(folder).as_posix()
    entry = next((entry for entry in index.read(folder) if entry.path == wanted), None)
    return entry and dataclasses.replace(entry, labels=())


def table(results, width=None):
    """Results as text: a line a class, the video before the first; at most `width` letters where that can be had.

    >>> print(table([{"video": "a.mp4", "top": [{"label": "run", "score": 0.5}]}, {"video": "b.mp4", "error": "bad"}]))
    a.mp4  0.5000  run
    b.mp4  error   bad
    """
    lines = []
    for result in results:
        rows = [("none  ", "of these; the best are")] if result.get("none") else []
        rows += [(f"{item['score']:.4f}", item["label"]) for item in result.get("top", ())]
        answered = len(result.get("labels", ()))
        if 0 < answered < len(rows):  # of several labels a video: what comes after these is no answer
            rows.insert(answered, ("below ", "the threshold are"))
        for number, (score, text) in enumerate(rows or [("error ", result.get("error", ""))]):
            lines.append((result["video"] if not number else "", score, text))
    return aligned(lines, elastic=(0, 2), ends=(0,), width=width)
