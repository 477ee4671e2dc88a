"""A client starts light: without TensorFlow and Keras, and over REST without gRPC."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["serving.client", "serving.client.client", "serving.client.grpc",
                                    "serving.client.rest", "serving.session.csession"])
def test_importing_it_imports_neither_tensorflow_nor_keras(module):
    code = f"import sys, {module}; print(sorted({{'tensorflow', 'keras'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_rest_needs_neither_grpc_nor_messages():
    code = "import sys, serving.client.rest; print({'grpc', 'google.protobuf', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
