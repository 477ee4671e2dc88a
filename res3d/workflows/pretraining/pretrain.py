"""Weights for a small network out of generated figures: it learns what limbs do before it sees a video."""

import dataclasses
import os

import keras

from pipelines.figures.clips import CLASSES
from res3d.atomic import renamed
from res3d.training.callbacks import Progress
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.kept.averages import averaged_weights
from res3d.training.recipe import find_recipe
from res3d.workflows.making import make_model, make_network
from res3d.workflows.pretraining.figures import Figures

EVERY = 500  # steps after which what is learnt so far is saved


def pretrain(output, steps=2400, recipe=None, workers=1, callbacks=None):
    """Trains a network on generated figures and saves it for others to start from.

    It is saved every 500 steps too, so that one that is stopped leaves what it had learnt until then.

    Args:
        output: path of the `.keras` file.
        steps: int. Of training.
        recipe: Recipe, or None for that of the weights that come with the package, `figures`.
        workers: int. Processes that draw, beside the one that trains; 0 draws in it.
        callbacks: of `fit`.

    Returns:
        the history of `fit`, a dict.

    Raises:
        ValueError: for a clip that is not one of segments of a whole video, as figures are filmed, or a path that does
            not end in .keras.
    """
    recipe = find_recipe("figures") if recipe is None else recipe
    if not os.fspath(output).endswith(".keras"):
        raise ValueError(f"The weights go to a .keras file. Received: output='{output}'.")
    if not recipe.clip.in_segments or recipe.clip.channels != 3:
        raise ValueError("Figures are filmed one frame of each part of a video, in 3 channels. Received a recipe with "
                         f"clips of {recipe.clip.timing}, {recipe.clip.channels} channels.")
    keras.utils.set_random_seed(recipe.seed)
    sizes = EpochSizes.alike(steps, recipe.data.batch_size)
    model = make_model(recipe, len(CLASSES), sizes)
    figures = Figures(recipe.clip, recipe.data.batch_size, steps, recipe.seed, workers=max(workers, 1),
                      use_multiprocessing=workers > 0, max_queue_size=8)
    saving = _Saving(output, make_network(dataclasses.replace(recipe, precision="float32"), len(CLASSES)))
    progress = Progress(1, sizes)
    try:
        history = model.fit(figures, epochs=1, shuffle=False, callbacks=[*(callbacks or ()), saving, progress],
                            verbose=0)
    finally:
        progress.close()
    saving.save()
    return history.history


class _Saving(keras.callbacks.Callback):
    """Saves the averaged weights to `path` every so many steps, as the weights of `plain`, a network in float32."""

    def __init__(self, path, plain):
        super().__init__()
        self.path, self.plain = os.fspath(path), plain

    def on_train_batch_end(self, batch, logs=None):
        if (batch + 1) % EVERY == 0:
            self.save()

    def save(self):
        with averaged_weights(self.model):
            self.plain.set_weights(self.model.get_weights())
        with renamed(self.path, ".keras") as aside:
            self.plain.save(aside)
