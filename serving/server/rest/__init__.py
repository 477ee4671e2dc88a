"""TensorFlow Serving's REST interface, and the page."""
