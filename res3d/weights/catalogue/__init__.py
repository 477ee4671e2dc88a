"""Published checkpoints by name: one table, and the lists of classes that go with it."""
