"""What a figure is worth, in words and rows: its interval, what needs no network, and what needs no motion."""

BASELINES = {"chance": "chance", "largest_class": "always the largest class",
             "middle_frame": "linear, one middle frame", "frame_differences": "linear, frame differences"}
CHANGES = {"shuffled": "frames shuffled", "reversed": "frames reversed", "stilled": "middle frame only"}
FIGURES = ("mean_average_precision", "top1")  # the first of these that there is, is told


def figure_of(metrics):
    """The name of the figure that is told of `metrics`, or None where they have none.

    >>> figure_of({"top1": 0.5, "top5": 0.9})
    'top1'
    """
    return next((name for name in FIGURES if name in metrics), None)


def worth_rows(metrics):
    """(what, figure, (low, high) or None) of the network and of all that it is held against, as metrics.json has them.

    >>> worth_rows({"top1": 0.5, "baselines": {"chance": {"top1": 0.25}}})
    [('the network', 0.5, None), ('chance', 0.25, None)]
    """
    figure = figure_of(metrics)
    if figure is None:
        return []
    rows = [("the network", metrics[figure], metrics.get("intervals", {}).get(figure))]
    for group, names in (("baselines", BASELINES), ("motion", CHANGES)):
        for name, words in names.items():
            found = metrics.get(group, {}).get(name, {})
            if figure in found:
                rows.append((words, found[figure], found.get(f"{figure}_interval")))
    return rows


def worth_lines(metrics):
    """The same as lines for a terminal, with what the interval counts.

    >>> figures = {"top1": 0.5, "groups": 3, "groups_told_by": "column", "intervals": {"top1": [0.4, 0.7]}}
    >>> worth_lines(figures | {"baselines": {"chance": {"top1": 0.1}}})
    ['95 % interval: 40.0 to 70.0 %, over 3 groups (told by: column)', '  chance 10.0 %']
    """
    (_, value, span), *others = worth_rows(metrics) or [("", 0, None)]
    lines = []
    if span is not None:
        lines.append(f"95 % interval: {100 * span[0]:.1f} to {100 * span[1]:.1f} %, over {metrics['groups']} groups "
                     f"(told by: {metrics['groups_told_by']})")
    elif metrics.get("groups") == 1:
        lines.append("no interval: all videos are of one group")
    for words, found, _ in others:
        lines.append(f"  {words} {100 * found:.1f} %" + (", not below the network" if found >= value else ""))
    return lines + _leak_lines(metrics.get("leaks", {}))


def _leak_lines(leaks):
    """What is shared with videos trained on, and the figure without what is."""
    lines = []
    for count, key, words in (("same_moments", "without_same_moments", "show moments of videos trained on"),
                              ("same_background", "without_both", "show the same background")):
        if leaks.get(count):
            rest = leaks.get(key, {})
            figure = figure_of(rest)
            without = f"{figure} without: {100 * rest[figure]:.1f} %" if figure else "no others are left"
            lines.append(f"{leaks[count]} of the videos {words}; {without}")
    return lines
