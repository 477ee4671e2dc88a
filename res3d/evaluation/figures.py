"""Pictures of a report, as text that an HTML page can hold: SVG for curves, data URIs for pixels."""

import base64
import io

import numpy as np

from res3d.evaluation.metrics import are_numbers

_COLORS = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b7791f", "#97266d")


def curves(runs, columns, title):
    """An SVG of history columns over epochs.

    Args:
        runs: dict of run name -> rows of its history.
        columns: names; those starting with `val_` are drawn solid, the others dashed.
        title: str.

    Returns:
        str, or None if no run has any of the columns.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 3.2), layout="tight")
    axes = figure.add_subplot()
    for color, (run, rows) in zip(_repeat(_COLORS), runs.items()):
        for column in columns:
            points = [(row["epoch"], row[column]) for row in rows if column in row]
            if points:
                name = column if len(runs) == 1 else f"{run}: {column}"
                solid = column.startswith("val_") or len(columns) == 1
                axes.plot(*zip(*points), color=color, linestyle="-" if solid else "--", marker="." if len(points) < 40
                          else None, label=name)
    if not axes.lines:
        return None
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)
    for text in axes.legend(fontsize=7).get_texts():
        text.set_parse_math(False)  # a folder's name may hold dollars
    axes.xaxis.get_major_locator().set_params(integer=True)
    return _svg(figure)


def confusion_image(matrix):
    """A PNG data URI with one pixel a cell, rows being the truth, darker meaning a larger share of its row.

    The page scales it without smoothing, so that it stays sharp at any number of classes.
    """
    totals = matrix.sum(axis=1, keepdims=True)
    share = np.sqrt(matrix / np.maximum(totals, 1))  # a root, so that a confusion of 1 % can still be seen
    right, wrong = np.array([43, 108, 176]), np.array([192, 40, 30])
    ink = np.where(np.eye(len(matrix), dtype=bool)[..., None], right, wrong)
    pixels = 255 - share[..., None] * (255 - ink)
    return picture(np.round(pixels).astype("uint8"), "PNG")


def reliability(probabilities, labels, bins=10):
    """An SVG of accuracy over confidence, of the rows that hold numbers."""
    from matplotlib.figure import Figure

    numbers = are_numbers(probabilities)
    probabilities, labels = probabilities[numbers], np.asarray(labels)[numbers]
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bin_of = np.clip((confidence * bins).astype(int), 0, bins - 1)
    figure = Figure(figsize=(3.2, 3.2), layout="tight")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    for index in np.unique(bin_of):
        inside = bin_of == index
        axes.bar((index + 0.5) / bins, right[inside].mean(), width=0.9 / bins, color=_COLORS[0])
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy")
    axes.set_title("Calibration", fontsize=10)
    return _svg(figure)


def strip(frames, height=72, count=8):
    """A JPEG data URI of evenly spaced frames side by side; frames `(n, height, width, 3)` uint8."""
    from PIL import Image

    frames = np.asarray(frames)
    chosen = frames[np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int)]
    width = max(1, round(frames.shape[2] * height / frames.shape[1]))
    small = [np.asarray(Image.fromarray(frame).resize((width, height))) for frame in chosen]
    return picture(np.concatenate(small, axis=1), "JPEG")


def picture(pixels, form):
    """A data URI of `(height, width, 3)` uint8 as "PNG" or "JPEG"."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _svg(figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg"):]


def _repeat(items):
    while True:
        yield from items
