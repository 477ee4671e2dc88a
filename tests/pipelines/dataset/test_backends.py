"""The same clips, augmented by a Keras layer among others, train a model on every Keras backend."""

import importlib.util
import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys, zlib
import keras, numpy as np
import pipelines
from pipelines import augment
from pipelines.video import write_video
from res3d.geometry import ClipSpec

assert keras.backend.backend() == sys.argv[1]
folder = sys.argv[2]
clip = ClipSpec(frames=4, stride=2, height=16, width=16, resize=20)
steps = augment.chain(augment.random_resized_crop(16), augment.rand_augment(1),
                      augment.keras_layer(keras.layers.RandomRotation(0.1), "channels"))
train = pipelines.training_clips(folder, clip, 2, seed=3, augment=steps)
val = pipelines.evaluation_clips(folder, clip, 2)
model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling3D(),
                          keras.layers.Dense(2)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=2, verbose=0, shuffle=False)
assert train.epoch == 2, train.epoch
assert np.isfinite(history.history["val_loss"]).all()
print([zlib.crc32(clips.numpy().tobytes()) for clips, _ in train.at(0)])
"""


def run(backend, folder):
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", SCRIPT, backend, str(folder)], env=environment, capture_output=True,
                          text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import numpy as np

    from pipelines.video.writer import write_video

    folder = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(0)
    for number in range(6):
        (folder / "ab"[number % 2]).mkdir(exist_ok=True)
        write_video(folder / "ab"[number % 2] / f"{number}.mkv", rng.integers(0, 256, (12, 24, 32, 3), np.uint8))
    return folder


@pytest.fixture(scope="module")
def expected(folder):
    return run("tensorflow", folder)


@pytest.mark.backends
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_see_the_same_clips(backend, folder, expected):
    if importlib.util.find_spec(backend) is None:
        pytest.fail(f"this test needs {backend}: install the extra `{backend}`")
    assert run(backend, folder) == expected
