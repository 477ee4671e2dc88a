"""Where the time of an input pipeline goes: the rate of each phase, the slowest one, and the remedy."""
