"""How far people who labelled the same videos agree: Cohen's kappa over time, and mean overlap a class.

Kappa is that of time units (Cohen, 1960; over time as in Bakeman and Quera, 2011), with units as short as one likes: at
each moment each annotator says a set of labels, and agreement is set against what chance would give. Overlap is the
tIoU, shared time over time that either labelled, of all spans of a class in a video. Instants have no time.
"""

import collections
import itertools


def agreement(spans, lengths=None):
    """Agreement of all pairs of annotators of the same videos.

    Args:
        spans: `Span` objects.
        lengths: {video: seconds}, or None; a video that is not there ends with its last label.

    Returns:
        None where no video has two annotators, else a dict: `annotators`, `videos`, `seconds` (of video, for each pair
        of annotators), `kappa` (None where all say one and the same), and `classes` {label: {"kappa", "tiou",
        "videos"}}.

    >>> from pipelines.annotations.spans import Span
    >>> found = agreement([Span("a", 0.0, 4.0, "run", annotator="x"), Span("a", 2.0, 6.0, "run", annotator="y")],
    ...                   {"a": 8.0})
    >>> found["kappa"], found["classes"]["run"]["tiou"]
    (0.0, 0.3333333333333333)
    """
    videos = collections.defaultdict(lambda: collections.defaultdict(list))
    for span in spans:
        if span.annotator is not None and span.start is not None and span.end is not None:
            videos[span.video][span.annotator].append(span)
    joint, overlaps, seen, people = collections.Counter(), collections.defaultdict(list), 0, set()
    for video, whose in videos.items():
        if len(whose) < 2:
            continue
        seen, people = seen + 1, people | set(whose)
        last = max(span.end for spans in whose.values() for span in spans)
        for first, second in itertools.combinations(sorted(whose), 2):
            states = together(whose[first], whose[second], max(last, (lengths or {}).get(video, 0.0)))
            joint.update(states)
            for label in {name for pair in states for names in pair for name in names}:
                overlaps[label].append(_overlap(states, label))
    if not seen:
        return None
    classes = {label: {"kappa": kappa(_of_class(joint, label)), "tiou": sum(found) / len(found), "videos": len(found)}
               for label, found in sorted(overlaps.items())}
    return {"annotators": sorted(people), "videos": seen, "seconds": sum(joint.values()), "kappa": kappa(joint),
            "classes": classes}


def together(first, second, length):
    """{(labels of one, labels of the other): seconds} of a video, from 0 to `length`; labels are frozensets."""
    edges = [(time, side, span.label, change) for side, spans in enumerate((first, second)) for span in spans
             for time, change in ((span.start, 1), (span.end, -1))]
    open_now, found, before = (collections.Counter(), collections.Counter()), collections.Counter(), 0.0
    for time, side, label, change in [*sorted(edges), (length, 0, None, 0)]:
        if time > before:
            states = (frozenset(name for name, count in now.items() if count > 0) for now in open_now)
            found[tuple(states)] += time - before
            before = time
        open_now[side][label] += change
    return found


def kappa(joint):
    """Cohen's kappa of {(what one says, what the other says): weight}, or None where all say one and the same.

    >>> kappa({("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15})
    0.4
    """
    total = sum(joint.values())
    one, other = collections.Counter(), collections.Counter()
    for (left, right), weight in joint.items():
        one[left] += weight
        other[right] += weight
    same = sum(weight for (left, right), weight in joint.items() if left == right) / total if total else 1.0
    chance = sum(one[said] * other[said] for said in one) / total ** 2 if total else 1.0
    return None if chance >= 1.0 - 1e-12 else round((same - chance) / (1.0 - chance), 12)


def _of_class(joint, label):
    found = collections.Counter()
    for (left, right), weight in joint.items():
        found[label in left, label in right] += weight
    return found


def _overlap(states, label):
    found = _of_class(states, label)
    either = found[True, True] + found[True, False] + found[False, True]
    return found[True, True] / either if either else 0.0
