"""Trained models to files that ONNX Runtime, OpenVINO and LiteRT run."""
