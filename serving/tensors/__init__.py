"""Arrays, messages and files in TensorFlow's own formats, without TensorFlow."""
