"""Of candidates for one and the same event, the best: non-maximum suppression in time."""

import numpy as np

from res3d.spans.span import temporal_iou


def suppressed(spans: np.ndarray, scores: np.ndarray, overlap: float = 0.5, soft: float = 0.0,
               keep: float = 0.0) -> list[tuple[int, float]]:
    """(place, score) of the candidates that stay, best first.

    Args:
        spans: (n, 2), starts and ends.
        scores: (n,).
        overlap: float. One that overlaps a better one by more falls away.
        soft: float. Above 0: its score falls by exp(-overlap**2 / soft) instead, of every one that overlaps.
        keep: float. Those whose score falls below it fall away.

    References: Bodla et al., 2017 (arXiv 1704.04503) for the soft one.

    >>> suppressed(np.array([[0, 4], [0, 3], [6, 8]]), np.array([0.9, 0.8, 0.7]))
    [(0, 0.9), (2, 0.7)]
    """
    spans, scores = np.asarray(spans, "float64").reshape(-1, 2), np.array(scores, "float64")
    left, found = list(range(len(scores))), []
    while left:
        best = max(left, key=lambda place: (scores[place], -place))
        left.remove(best)
        if scores[best] < keep:
            break
        found.append((best, float(scores[best])))
        if left:
            shared = temporal_iou(*spans[best], *spans[left].T)
            if soft > 0:
                scores[left] *= np.exp(-shared**2 / soft)
            else:
                left = [place for place, part in zip(left, shared) if part <= overlap]
    return found
