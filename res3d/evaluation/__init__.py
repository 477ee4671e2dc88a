"""Evaluation: views to scores, scores to figures, figures to a page."""
