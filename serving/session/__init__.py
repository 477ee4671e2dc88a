"""A SavedModel that runs: by TensorFlow's C library, or by its Python session."""
