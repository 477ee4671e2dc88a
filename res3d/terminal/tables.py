"""Tables of text, columns aligned, no wider than the terminal that shows them; whole where they go elsewhere."""

import shutil
import sys

GAP = "  "
LEAST = 12  # letters that a column keeps


def width_of_terminal():
    """Columns of the terminal that stdout is, or None where it is none: then nothing is cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def aligned(rows, right=(), elastic=(), ends=(), width=None):
    """Rows as lines.

    Args:
        rows: tuples of str, as many in each.
        right: numbers of the columns that are aligned to the right, from 0.
        elastic: numbers of those that are cut where a line would be wider than `width`, the widest first.
        ends: numbers of those of which the end is kept, such as of paths, when they are cut.
        width: int, or None for any.

    Returns:
        str, without a line break at its end.

    >>> print(aligned([("name", "top-1"), ("r3d_18", "52.75")], right=(1,)))
    name    top-1
    r3d_18  52.75
    >>> print(aligned([("videos/train/run/0001.mp4", "running")], elastic=(0,), ends=(0,), width=24))
    …n/run/0001.mp4  running
    """
    rows = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    over = 0 if width is None else sum(widths) + len(GAP) * (len(widths) - 1) - width
    while over > 0:
        widest = max((column for column in elastic if widths[column] > LEAST), key=widths.__getitem__, default=None)
        if widest is None:
            break
        widths[widest] -= 1
        over -= 1
    return "\n".join(GAP.join(_cell(text, widths[column], column in right, column in ends)
                              for column, text in enumerate(row)).rstrip() for row in rows)


def _cell(text, width, right, end):
    if len(text) > width:
        text = f"…{text[1 - width:]}" if end else f"{text[:width - 1]}…"
    return text.rjust(width) if right else text.ljust(width)
