"""Multigrid training: coarse clips in large batches first, fine ones in small batches last, at equal work a step."""
