"""Networks that other runtimes than Keras run: written, and used in the place of a Keras model."""
