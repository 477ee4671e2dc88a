"""Charts as SVG in the page's own colours, made of numbers alone: lines over steps, bars, accuracy over confidence.

Drawn here because a plotting library would put a megabyte of script, or colours of one theme, into each page.
"""

import html
import json
import math

WIDTH, HEIGHT = 400, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 10, 34
COLORS = 6  # series that look different


def line_chart(title, series, word="epoch"):
    """A figure of lines that tells the values where one points.

    Args:
        title: str.
        series: list of (name, color number from 0, dashed, [(x, y), ...]).
        word: what x counts.

    Returns:
        str of HTML, or None where no line has a finite point.

    >>> line_chart("Loss", []) is None
    True
    """
    series = [(name, color, dashed, [point for point in points if math.isfinite(point[1])])
              for name, color, dashed, points in series]
    series = [line for line in series if line[3]]
    if not series:
        return None
    xs = sorted({x for *_, points in series for x, _ in points})
    values = [y for *_, points in series for _, y in points]
    ticks = nice_ticks(min(values), max(values))
    across = _scale(xs[0], xs[-1], LEFT, WIDTH - RIGHT)
    up = _scale(ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP)
    lines, legend = [], []
    for name, color, dashed, points in series:
        kind = f"s{color % COLORS + 1}{' dashed' * dashed}"
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in points)
        lines.append(f'<polyline class="line {kind}" points="{path}"/>' if len(points) > 1 else
                     f'<circle class="{kind}" fill="currentColor" r="3" cx="{across(points[0][0]):.1f}" '
                     f'cy="{up(points[0][1]):.1f}"/>')
        legend.append(f'<span><i class="{kind}"></i>{html.escape(name)}</span>')
    whole = [x for x in nice_ticks(xs[0], xs[-1], 6) if x == int(x) and xs[0] <= x <= xs[-1]]
    told = {"x": xs, "word": word, "left": LEFT, "right": WIDTH - RIGHT,
            "series": [{"name": name, "y": [_short(dict(points).get(x)) for x in xs]}
                       for name, _, _, points in series]}
    body = (_grid(ticks, up) + _marks(whole, across) + f'<line class="hair" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            + "".join(lines) + _words(word))
    return _figure(title, body, f'<div class="legend">{"".join(legend)}</div>', told)


def histogram(title, values, unit, bins=20):
    """A figure of how many of `values` lie where; None of no values.

    >>> 'aria-label="Lengths: 2 values from 1 to 3 s"' in histogram("Lengths", [1, 3], "s")
    True
    """
    if not values:
        return None
    low, high = min(values), max(values)
    ticks = nice_ticks(low, high, 6)
    start, width = ticks[0], (ticks[-1] - ticks[0]) / bins
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - start) / width))] += 1
    levels = [tick for tick in nice_ticks(0, max(counts), 4) if tick == int(tick)]
    across, up = _scale(ticks[0], ticks[-1], LEFT, WIDTH - RIGHT), _scale(0, levels[-1], HEIGHT - BOTTOM, TOP)
    bars = "".join(_box(across(start + i * width), across(start + (i + 1) * width), up(count),
                        f"{start + i * width:.4g} to {start + (i + 1) * width:.4g} {unit}: {count}")
                   for i, count in enumerate(counts) if count)
    label = f"{title}: {len(values)} values from {low:.4g} to {high:.4g} {unit}"
    return _figure(title, _grid(levels, up) + _marks(ticks, across) + bars + _words(unit), label=label)


def reliability(title, bins):
    """A figure of accuracy over confidence, with the line on which both are equal.

    Args:
        bins: list of (low, high, accuracy, count).
    """
    across, up = _scale(0, 1, LEFT, WIDTH - RIGHT), _scale(0, 1, HEIGHT - BOTTOM, TOP)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    bars = "".join(_box(across(low), across(high), up(accuracy), f"sure to {100 * low:.0f} to {100 * high:.0f} %: "
                        f"right {100 * accuracy:.1f} % of {count}") for low, high, accuracy, count in bins)
    even = f'<line class="even" x1="{across(0)}" y1="{up(0)}" x2="{across(1)}" y2="{up(1)}"/>'
    return _figure(title, _grid(ticks, up) + _marks(ticks, across) + bars + even + _words("confidence"),
                   '<div class="legend">bars: share that is right; dashed: as sure as right</div>')


def nice_ticks(low, high, most=5):
    """Round numbers at even steps that enclose low and high.

    >>> nice_ticks(0.13, 0.92)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high - low <= abs(high) * 1e-9:
        low, high = (low - abs(low) / 2, high + abs(high) / 2) if high else (0.0, 1.0)
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if (high - low) / (power * factor) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def _scale(low, high, start, end):
    return lambda value: start + (value - low) / (high - low) * (end - start) if high > low else (start + end) / 2


def _short(value):
    return None if value is None else float(f"{value:.4g}")


def _grid(ticks, up):
    return "".join(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(tick):.1f}" y2="{up(tick):.1f}"/>'
                   f'<text x="{LEFT - 6}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:.6g}</text>' for tick in ticks)


def _marks(ticks, across):
    return "".join(f'<text x="{across(tick):.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{tick:.6g}</text>'
                   for tick in ticks)


def _words(word):
    return f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{html.escape(word)}</text>'


def _box(left, right, top, told):
    return (f'<rect class="fill" x="{left + 1:.1f}" y="{top:.1f}" width="{max(right - left - 2, 1):.1f}" '
            f'height="{max(HEIGHT - BOTTOM - top, 0):.1f}"><title>{html.escape(told)}</title></rect>')


def _figure(title, body, after="", told=None, label=None):
    points = f' data-points="{html.escape(json.dumps(told))}"' if told else ""
    return (f'<figure class="chart"{points}><figcaption>{html.escape(title)}</figcaption>'
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(label or title)}"'
            f'{" tabindex=0" if told else ""}>{body}</svg>{after}{"<output></output>" if told else ""}</figure>')
