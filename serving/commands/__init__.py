"""Command modules: the only ones with flags."""
