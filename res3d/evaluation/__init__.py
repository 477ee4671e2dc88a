"""Evaluation: views to scores, scores to figures, figures to a page."""

import importlib

_NAMES = {
    "average_views": "res3d.evaluation.views",
    "summarise": "res3d.evaluation.metrics",
    "write_report": "res3d.evaluation.report",
}
__all__ = [*_NAMES]


def __getattr__(name):
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted(__all__)
