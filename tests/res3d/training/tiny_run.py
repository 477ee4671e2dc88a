"""A run small enough to be repeated: random clips of two frames and a network of one convolution."""

import keras
import numpy as np
import tensorflow as tf

from res3d.layers.pixel_scaling import PixelScaling
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.loop import fit
from res3d.training.losses import make_loss, make_metrics
from res3d.training.optimizer import make_optimizer
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder

CLIPS, BATCH, CLASSES = 20, 4, 3
STEPS = CLIPS // BATCH
SIZES = EpochSizes.alike(STEPS, BATCH)
SMALL = ["clip.frames=2", "clip.height=8", "clip.width=8", "clip.resize=8", "data.batch_size=4", "schedule.epochs=3",
         "schedule.warmup_epochs=0"]


def tiny_recipe(*settings):
    return find_recipe("demo", [*SMALL, *settings])


def tiny_clips(shape=(2, 8, 8, 3)):
    rng = np.random.default_rng(0)
    clips = rng.integers(0, 256, (CLIPS, *shape), "uint8")
    return clips, (clips[:, 0, 0, 0, 0] % CLASSES).astype("int32")


def tiny_model(recipe, optimizer=None):
    keras.utils.set_random_seed(recipe.seed)
    inputs = keras.Input(recipe.clip.shape, dtype="uint8", name="clip")
    x = PixelScaling(recipe.clip, name="pixels")(inputs)
    x = keras.layers.Conv3D(4, 3, padding="same", name="stem")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling3D()(keras.layers.ReLU()(x))
    x = keras.layers.Dropout(0.3)(x)
    model = keras.Model(inputs, keras.layers.Dense(CLASSES, name="logits", dtype="float32")(x))
    model.compile(optimizer or make_optimizer(recipe, SIZES), make_loss(recipe), metrics=make_metrics(recipe, CLASSES),
                  jit_compile=False)
    return model


def tiny_batches(epoch, step, poison=None):
    clips, labels = tiny_clips()
    order = np.random.default_rng(epoch).permutation(CLIPS)
    return tf.data.Dataset.from_tensor_slices((clips[order], labels[order])).batch(BATCH).skip(step)


def tiny_fit(folder, recipe, model=None, **options):
    folder = WorkFolder(folder)
    if not folder.recipe_file.is_file():
        folder.claim(recipe, ["a", "b", "c"], {})
    clips, labels = tiny_clips(recipe.clip.shape)
    validation = tf.data.Dataset.from_tensor_slices((clips[:8], labels[:8])).batch(4)
    batches, sizes = options.pop("batches", tiny_batches), options.pop("sizes", SIZES)
    return fit(model or tiny_model(recipe), recipe, batches, validation, folder, sizes, **options)
