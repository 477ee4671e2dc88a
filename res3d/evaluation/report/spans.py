"""The page of a network for long videos: how well it finds spans, and timelines of truth and answer, worst first."""

import pathlib

from res3d.atomic import writing
from res3d.evaluation.report.sights import training_charts
from res3d.evaluation.spans.errors import KINDS, judged
from res3d.looks.rendering import count, percent, render
from res3d.looks.timeline import clock, period, timeline

HERE = pathlib.Path(__file__).parent
FEW, FEW_HOURS = 20, 1.0  # spans, and hours of video, below which a figure says little
ADVICE = {  # by the kind of error that there is most of
    "missed": "What it should find is not found, or not surely enough: label more of it, or train longer; the "
              "threshold in spans.json is what an answer must reach.",
    "background": "It answers where nothing is labelled: see in the timelines whether labels are missing there.",
    "misplaced": "It finds them at other times: labels may begin and end by different rules, or the steps are too "
                 "coarse for them (clip.fps).",
    "doubled": "It finds one and the same more than once: raise smooth_seconds or least_seconds in spans.json.",
    "wrong_class": "It takes one label for another: the timelines show which.",
}


def write_span_report(path, found, truths, metrics, videos, strip=None, history=(), title="Report", recipe="",
                      examples=12, chosen_here=False):
    """Writes the page.

    Args:
        path: file to write, aside and renamed.
        found, truths: `Span`s of all videos; of those found only such as are answers, not all candidates.
        metrics: dict, as in metrics.json of a run of task "spans".
        videos: those that were looked at.
        strip: function of a video -> (film of frames evenly over its time or None, seconds), or None for no pictures.
        history: rows of history.csv.
        title: str.
        recipe: str. The recipe as text.
        examples: int. Timelines that are drawn.
        chosen_here: bool. Whether the threshold was chosen on these very videos.
    """
    rows = video_rows(found, truths, videos)
    drawn = [(row, _timeline(row, strip)) for row in rows[:examples]]
    page = {"title": title, "metrics": metrics, "headline": headline(metrics, len(rows)), "rows": rows, "drawn": drawn,
            "trust": list(trust(metrics, chosen_here)), "advice": advice(metrics["errors"]),
            "labels": sorted(metrics["labels"].items(), key=lambda row: (row[1], str(row[0]))),
            "curves": training_charts({"this run": list(history)}), "recipe": recipe}
    with writing(path, "w", errors="surrogateescape") as file:
        file.write(render(HERE, "spans.html.j2", **page))


def headline(metrics, videos):
    """The figure in a sentence.

    >>> headline({"map": 0.5, "spans": 3}, 2)
    'Mean average precision of 50.0 % over 3 spans in 2 videos'
    """
    return f"Mean average precision of {percent(metrics['map'])} over {count(metrics['spans'], 'span')} in " + count(
        videos, "video")


def trust(metrics, chosen_here):
    """Yields (state, sentence) of what the figures stand on; the state is "good", "warn" or ""."""
    hours, spans = metrics["hours"], metrics["spans"]
    yield ("warn" if hours < FEW_HOURS else "good",
           f"{clock(round(hours * 3600))} of video were looked at for false alarms")
    yield "warn" if spans < FEW else "good", f"{count(spans, 'span')} were to be found"
    if chosen_here:
        yield "warn", "the threshold and the epoch were chosen on these very videos: on others it finds less"
    if metrics.get("skipped"):
        yield "warn", f"{count(len(metrics['skipped']), 'video')} could not be read and count for nothing"


def advice(errors):
    """(kind of error that there is most of, what to do), or None without any.

    >>> advice({"right": 3, "missed": 2, "background": 1})[0]
    'missed'
    """
    kinds = [kind for kind in KINDS if kind != "right" and errors.get(kind)]
    if not kinds:
        return None
    worst = max(kinds, key=errors.get)
    return worst, ADVICE[worst]


def video_rows(found, truths, videos):
    """A dict a video: `video`, `right`, `missed`, `wrong`, `share` of right among all of these, and `parts`, what is
    drawn of it by label. The worst stand first: the lowest share, of equals the most errors."""
    judgements: dict = {video: [] for video in videos}
    for span, kind in judged(found, truths):
        judgements[span.video].append((span, kind))
    mine: dict = {video: [] for video in videos}
    for truth in truths:
        mine[truth.video].append(truth)
    rows = [_row(video, judgements[video], mine[video]) for video in videos]
    return sorted(rows, key=lambda row: (row["share"], -row["missed"] - row["wrong"], str(row["video"])))


def _row(video, judgements, truths):
    kinds = [kind for _, kind in judgements]
    right, missed = kinds.count("right"), kinds.count("missed")
    parts: dict = {}
    gone = {(span.start, span.end, span.label) for span, kind in judgements if kind == "missed"}
    for span in truths:
        is_gone = (span.start, span.end, span.label) in gone
        parts.setdefault(span.label, []).append(("truth", "missed" if is_gone else "told", span.start, span.end,
                                                 f"{'missed' if is_gone else 'truth'}: {_said(span)}"))
    for span, kind in judgements:
        if kind != "missed":
            words = f"answer, {kind.replace('_', ' ')}: {_said(span)}, score {span.score:.2f}"
            parts.setdefault(span.label, []).append(("answer", "right" if kind == "right" else "wrong", span.start,
                                                     span.end, words))
    return {"video": video, "right": right, "missed": missed, "wrong": len(kinds) - right - missed,
            "share": right / len(kinds) if kinds else 1.0,
            "parts": sorted((str(label), sorted(rows, key=lambda row: (row[0] != "truth", row[2])))
                            for label, rows in parts.items())}


def _timeline(row, strip):
    film, seconds = (None, 0.0) if strip is None else strip(row["video"])
    return timeline(row["parts"], seconds, film)


def _said(span):
    return f"{span.label}, {period(span.start, span.end)}"
