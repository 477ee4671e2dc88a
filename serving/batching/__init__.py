"""Dynamic batching with TensorFlow Serving's parameters: which requests run together, and when."""
