"""Several devices: whatever is left of the videos, figures are those of all of them and no weight becomes NaN."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = """
import json, sys
import numpy as np, tensorflow as tf
count = int(sys.argv[1])
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * count)
from res3d.workflows.devices import evaluate_on_all, on_one, scope, whole_batches
from tests.res3d.training.tiny_run import tiny_clips, tiny_model, tiny_recipe

clips, labels = tiny_clips()
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF

def batches(number, size):
    return tf.data.Dataset.from_tensor_slices((clips[:number], labels[:number])).batch(size).with_options(options)

for size, left in json.loads(sys.argv[2]):
    recipe = tiny_recipe(f"data.batch_size={size}")
    with scope(count, size):
        model = tiny_model(recipe)
    single = on_one(model, recipe)
    shared = whole_batches(lambda epoch, step: batches(left, size).skip(step), size)
    history = model.fit(shared(0, 0), verbose=0, shuffle=False).history
    assert np.isfinite([values[-1] for values in history.values()]).all(), history
    odd = [variable.path for variable in model.variables if not np.isfinite(np.array(variable)).all()]
    assert not odd, (size, left, odd)
    model.set_weights(model.get_weights())  # each device has moving statistics of its own in Keras's batch norm
    found = evaluate_on_all(model, single, batches(left, size), size)
    single.set_weights(model.get_weights())
    right = single.evaluate(batches(left, size), return_dict=True, verbose=0)
    assert set(found) == set(right)
    for name in right:
        np.testing.assert_allclose(found[name], right[name], rtol=1e-5, err_msg=f"{name} {size} {left}")
print("done")
"""


def tried(devices, cases):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(devices), json.dumps(cases)], capture_output=True,
                          text=True, timeout=280, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["done"]


@pytest.mark.slow
@pytest.mark.parametrize(("devices", "cases"), [(2, [(4, 9), (4, 3), (4, 1), (4, 10), (4, 12)]),
                                                (8, [(8, 9), (16, 7)])])
def test_any_remainder(devices, cases):
    tried(devices, cases)


def test_a_batch_is_filled_up_with_its_own_clips():
    import tensorflow as tf

    from res3d.workflows.devices import whole_batches

    def numbers(epoch, step):
        return tf.data.Dataset.range(epoch, 7).map(lambda n: (n, -n)).batch(3).skip(step)

    found = [(clips.numpy().tolist(), labels.numpy().tolist()) for clips, labels in whole_batches(numbers, 3)(0, 1)]
    assert found == [([3, 4, 5], [-3, -4, -5]), ([6, 6, 6], [-6, -6, -6])]
    clips, _ = next(iter(whole_batches(numbers, 3)(5, 0)))
    np.testing.assert_array_equal(clips, [5, 6, 5])
    assert whole_batches(numbers, 3)(0, 0).element_spec[0].shape == (3,)
