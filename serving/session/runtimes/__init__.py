"""Exports that other runtimes than TensorFlow's run: ONNX Runtime, OpenVINO, LiteRT, one session each."""
