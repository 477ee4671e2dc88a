"""Training: the recipe, the schedule, the checkpoint that survives a kill, and the loop around `model.fit`."""
