"""Answers of `res3d predict` to be looked at: a page of all videos, or one video with its answer drawn on."""

import os
import pathlib

import numpy as np

from pipelines.annotations.files import may_be_video
from pipelines.video.live import live_frames
from pipelines.video.opencv import add_text, resize_image
from pipelines.video.reading import probe
from pipelines.video.writer import CODECS, write_video
from res3d.atomic import writing
from res3d.geometry import ClipSpec
from res3d.looks.pictures import film
from res3d.looks.rendering import render
from res3d.terminal.progress import bar
from res3d.workflows.ask import find_videos
from res3d.workflows.scoring import middle_clip

HEIGHT = 360  # pixels that a drawn video has at the least, so that its words can be read
LOOK = ClipSpec(frames=8, height=132, width=176, resize=132, sampling="segments")  # all of a video in a few frames
PAGES = (".html", ".htm")


def check_output(path, videos):
    """Raises ValueError for a file that no answer can be shown in, before anything is computed.

    >>> check_output("answers.html", ["a.mp4", "b.mp4"])
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix in PAGES:
        return
    if suffix not in CODECS:
        raise ValueError(f"`--output` must be a page, {PAGES[0]}, or a video, {', '.join(CODECS)}. Received: '{path}'.")
    if len(videos) != 1 or not may_be_video(videos[0]) or not os.path.isfile(videos[0]):
        raise ValueError(f"`--output` of a video takes one video file. Received: {', '.join(map(str, videos[:5]))}. "
                         f"Name one file, or write a page: --output={os.path.splitext(path)[0]}.html.")


def show(path, videos, results, asked):
    """Writes what `predict` or `ask_server` answered.

    Args:
        path: a page, or a video for one file, by its suffix.
        videos: what was asked for, as there.
        results: what was answered.
        asked: str. The network or the server, for the page.

    Returns:
        bool: False for a video without an answer, of which nothing is written.
    """
    if os.path.splitext(path)[1].lower() not in PAGES:
        if "top" not in results[0]:
            return False
        refused = [{"label": "none of these", "score": 0.0}] if results[0].get("none") else []
        _write_drawn(path, results[0]["video"], [*refused, *results[0]["top"]])
        return True
    rows = []
    with bar(len(results), "taking pictures", "video") as counted:
        for entry, result in zip(find_videos(videos), results):
            rows.append(result | {"film": _film(entry)})
            counted.update()
    text = render(pathlib.Path(__file__).parent, "results.html.j2", title=f"Answers of {asked}", rows=rows, asked=asked,
                  good=sum("top" in row for row in rows))
    with writing(path, "w", errors="backslashreplace") as file:
        file.write(text)
    return True


def _write_drawn(path, source, top):
    info = probe(source)

    def frames():
        with bar(info.num_frames, "drawing", "frame") as counted:
            for _, frame in live_frames(source):
                yield drawn(frame, top)
                counted.update()

    write_video(path, frames(), fps=info.fps)


def drawn(frame, top):
    """A frame with bars and names of the best classes at its foot.

    Args:
        frame: uint8 (height, width, 3).
        top: list of {"label", "score"}.

    Returns:
        uint8, at least `HEIGHT` high, even on both sides.
    """
    scale = max(1.0, HEIGHT / frame.shape[0])
    height, width = (round(size * scale / 2) * 2 for size in frame.shape[:2])
    picture = resize_image(frame, (height, width)).copy()
    row = max(24, height // 14)
    for place, item in enumerate(top):
        bottom = height - (len(top) - 1 - place) * row
        strip = picture[bottom - row:bottom]
        strip[:] = strip // 4  # dark, so that words can be read on any picture
        filled = strip[row // 8:row - row // 8, :round(width * float(np.clip(item["score"], 0, 1)))]
        filled[:] = filled // 2 + np.array([18, 49, 100], "uint8")
        line = np.ascontiguousarray(strip)
        _write(line, f"{item['score']:.2f} {item['label']}")
        strip[:] = line
    return picture


def _write(strip, text):
    """Writes ASCII `text` as large as a strip of a picture is high, in place."""
    tall = np.zeros((12 * len(strip), strip.shape[1], 3), "uint8")
    tall[:len(strip)] = strip
    add_text(tall, text)
    strip[:] = tall[:len(strip)]


def _film(entry):
    try:
        return film(middle_clip(entry, LOOK)[0])
    except (ValueError, OSError):
        return None
