"""Clips read from records, in the graph where that is possible."""
