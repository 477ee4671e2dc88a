"""Signs that a run does not learn what it should, told while it runs."""
