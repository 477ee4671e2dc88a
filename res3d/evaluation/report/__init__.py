"""`report.html`: what a network learned, what it gets wrong, and why to believe the figure, as one page."""
