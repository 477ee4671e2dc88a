"""What the package must do in an environment that holds nothing else; `wheels.py` runs it there, in an empty folder."""

import importlib
import json
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
COMMAND = str(pathlib.Path(sys.executable).with_name("res3d"))  # the console script of this environment


def command(*words):
    """Runs the console script; returns what it printed."""
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"res3d {' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def main():
    for room in ("res3d", "pipelines", "serving"):
        module = importlib.import_module(room)
        folder = pathlib.Path(module.__file__).parent
        assert "site-packages" in folder.parts, f"{room} must come from the wheel, and came from {folder}"
        assert (folder / "py.typed").is_file()
        for name in module.__all__:
            getattr(module, name)
    import keras
    import numpy as np
    import tensorflow as tf

    import pipelines
    import res3d
    import serving
    from pipelines import synthetic

    assert command("--version").startswith(f"res3d: {res3d.__version__}")
    assert {row["name"] for row in json.loads(command("models", "--json"))} == set(res3d.list_models())

    synthetic.write("videos", train_per_class=1, val_per_class=1)
    clip = res3d.ClipSpec(frames=4, stride=2, height=32, width=32)
    train = pipelines.training_clips("videos", clip, batch_size=4, split="train", seed=1)
    model = res3d.build("r3d_10", train.num_classes, clip, width=0.125)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(train, epochs=1, shuffle=False, verbose=0)
    model.save("motion.keras")
    again = res3d.load_model("motion.keras")
    pixels = np.zeros((1, *clip.shape), np.uint8)
    expected = np.asarray(model(pixels))
    np.testing.assert_array_equal(np.asarray(again(pixels)), expected)

    path = serving.export(model, "exports/motion", labels=train.labels)
    answer = tf.saved_model.load(path).signatures["serving_default"](clip=tf.constant(pixels))
    np.testing.assert_allclose(answer["logits"].numpy(), expected, atol=1e-4)  # batch norms are folded

    command("train", "--recipe=demo", "--data=videos", "--workdir=run", "--set", "schedule.epochs=1",
            "--set", "schedule.warmup_epochs=0", "--set", "model.options.width=0.125")
    command("evaluate", "--workdir=run")
    assert pathlib.Path("run/report.html").is_file()
    print(f"passed with {sys.version.split()[0]}, TensorFlow {tf.__version__}, "
          f"Keras {keras.__version__}, NumPy {np.__version__}")


if __name__ == "__main__":
    main()
