"""Clips whose shape changes from batch to batch: each batch of an epoch takes the next of a few shapes in turn."""
