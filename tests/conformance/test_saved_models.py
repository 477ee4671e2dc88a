"""SavedModels that other programs have written: by checkpoints, by Keras, by a strategy over devices."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

WRITE = """
import sys
import tensorflow as tf

folder = sys.argv[1]
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
number = tf.TensorSpec(None, tf.float32, name="x")

product = tf.train.Checkpoint(a=tf.Variable(3.0), b=tf.Variable(2.0))
product.f = tf.function(lambda x: {"y": product.a * product.b * x}, autograph=False)
tf.saved_model.save(product, f"{folder}/product/00000123", product.f.get_concrete_function(number))

two = tf.train.Checkpoint()
two.f, two.g = (tf.function(lambda x, value=value: {"y": tf.constant([value])}, input_signature=[number],
                            autograph=False) for value in (1.0, 2.0))
tf.saved_model.save(two, f"{folder}/constants/00000123", {"serving_default": two.f, "custom_signature_key": two.g})


import keras

keras.Sequential([keras.layers.Input((1,), name="x"), keras.layers.Identity(name="y")]).export(
    f"{folder}/keras/00000123", verbose=False)

with tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]).scope():
    mirrored = tf.train.Checkpoint(kernel=tf.Variable([[1.0]]))
assert len(mirrored.kernel.values) == 2
mirrored.f = tf.function(lambda x: {"y": tf.matmul(x, mirrored.kernel)}, autograph=False)
row = tf.TensorSpec((None, 1), tf.float32, name="x")
tf.saved_model.save(mirrored, f"{folder}/mirrored/00000123", mirrored.f.get_concrete_function(row))
"""
ANSWERS = [  # model, signature, value of x = 2
    ("product", "serving_default", 12.0), ("constants", "serving_default", [1.0]),
    ("constants", "custom_signature_key", [2.0]), ("keras", "serving_default", [[2.0]]),
    ("mirrored", "serving_default", [[2.0]])]


@pytest.fixture(scope="module")
def written(tmp_path_factory, serve):
    """A server of models that a process of its own has written, with two devices where a strategy asks for them."""
    folder = tmp_path_factory.mktemp("written")
    subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True, capture_output=True, timeout=300)
    rows = "".join(f'config {{ name: "{path.name}" base_path: "{path}" model_platform: "tensorflow" }}\n'
                   for path in sorted(folder.iterdir()))
    (folder / "models.config").write_text(f"model_config_list {{ {rows} }}")
    with serve(model_config_file=str(folder / "models.config")) as running:
        yield running


@pytest.mark.parametrize(("model", "signature", "value"), ANSWERS)
def test_they_are_served(written, model, signature, value):
    answer = written.http.post(f"/v1/models/{model}/versions/123:predict", json={
        "signature_name": signature, "inputs": {"x": [[2.0]] if model in ("keras", "mirrored") else 2.0}})
    assert answer.json() == {"outputs": value}
