"""Generated figures as batches for `fit`."""

import keras
import numpy as np

from pipelines.figures.clips import CLASSES, figure_clip
from pipelines.figures.motions import MOTIONS


class Figures(keras.utils.PyDataset):
    """Batches of figures, as many as are asked for and no two alike.

    Args:
        clip: ClipSpec. Its frames, height and width.
        batch: int. Clips a batch; half of the motions, about, have a name, the others are invented.
        steps: int. Batches.
        seed: int.

    Items: (uint8 (batch, frames, height, width, 3), int64 (batch,)).
    """

    def __init__(self, clip, batch, steps, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.clip, self.batch, self.steps, self.seed = clip, batch, steps, seed

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        draw = np.random.default_rng((self.seed, index))
        labels = np.where(draw.random(self.batch) < 0.5, draw.integers(0, len(MOTIONS), self.batch),
                          draw.integers(len(MOTIONS), len(CLASSES), self.batch))
        sizes = self.clip.frames, self.clip.height, self.clip.width
        clips = [figure_clip(int(label), (self.seed, index, number), *sizes) for number, label in enumerate(labels)]
        return np.stack(clips), labels
