"""The learning rate of any step: of equal epochs, and of epochs of different lengths and batches."""
