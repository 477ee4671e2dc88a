"""The names that published checkpoints give their tensors: one module a source."""
