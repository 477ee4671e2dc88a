"""The layer between pixels and network that shows motion: differences of frames instead of frames, or beside them."""

from collections.abc import Iterable

import keras
import numpy as np
from keras import ops

from res3d.layers.arguments import check_rank, choice

GRAY = {3: (0.299, 0.587, 0.114)}  # Rec. 601, of red, green and blue; other channels count alike


def _difference(levels, gray):
    return _steps(gray)


def _background(levels, gray):
    return gray - ops.mean(gray, axis=1, keepdims=True)


def _color_difference(levels, gray):
    return _steps(levels)


def _steps(x):
    """What changed since the frame before; the first frame has none before it and takes the change after it."""
    steps = x[:, 1:] - x[:, :-1]
    return ops.concatenate([steps[:, :1], steps], axis=1)


CHANNELS = {  # name: (what it makes of gray levels by channel and of their gray, whether it has all channels of a clip)
    "difference": (_difference, False),
    "background": (_background, False),
    "color_difference": (_color_difference, True),
    "color": (None, True),
}


@keras.saving.register_keras_serializable("res3d")
class MotionChannels(keras.layers.Layer):
    """Turns frames into what moves in them; computed in float32 whatever the dtype policy.

    | channel | count | what it is |
    |---|---:|---|
    | `difference` | 1 | a gray frame less the one before it; the first frame has the second's |
    | `background` | 1 | a gray frame less the mean of the clip's |
    | `color_difference` | 3 | as `difference`, of each color |
    | `color` | 3 | the pixels as they came |

    All but `color` are divided by their root mean square over the whole clip, plus `floor`, and cut at `limit`.

    Args:
        channels: a name of the table or several, in the order of the output.
        scale: float, or floats, one a channel: what one level of 255 is in the input. `build` takes the clip's.
        channel_order: "RGB" or "BGR".
        floor: float, in levels of 255: noise weaker than this is not blown up to the size of a motion.
        limit: float. The largest size of a motion after the division.
        random_sign: bool. In training, the sign of all motion in every second clip, by chance, is turned: bright on
            dark becomes dark on bright.

    Input shape: `(batch, frames, height, width, channels)`, float; 2 frames or more.
    Output shape: `(batch, frames, height, width, channels shown)`.

    Raises:
        ValueError: for an unknown channel, none or one twice, an input of another rank or of one frame, or another
            number of channels than `scale` has.

    Reference: differences as input, Wang et al., 2016 (arXiv 1608.00859).

    >>> x = np.array([0, 4, 4, 0], "float32").reshape(1, 4, 1, 1, 1)
    >>> MotionChannels("background", floor=0)(x).numpy().ravel().tolist()
    [-1.0, 1.0, 1.0, -1.0]
    """

    def __init__(self, channels: str | Iterable[str] = ("difference", "background"),
                 scale: float | tuple[float, ...] = 1.0, channel_order: str = "RGB", floor: float = 0.5,
                 limit: float = 6.0, random_sign: bool = False, **kwargs) -> None:
        super().__init__(autocast=False, **kwargs)  # nor are the inputs rounded
        names = (channels,) if isinstance(channels, str) else tuple(channels)
        if not names or len(set(names)) < len(names):
            raise ValueError(f"`channels` must be different names out of {', '.join(CHANNELS)}. "
                             f"Received: channels={channels!r}.")
        self.channels = tuple(choice(name, CHANNELS, "channels") for name in names)
        self.scale = tuple(map(float, scale if isinstance(scale, list | tuple) else (scale,)))
        self.channel_order = choice(channel_order, ("RGB", "BGR"), "channel_order")
        if not floor >= 0 or not limit > 0 or not all(value > 0 for value in self.scale):
            raise ValueError("`floor` must be 0 or more, `limit` and `scale` positive. "
                             f"Received: floor={floor!r}, limit={limit!r}, scale={scale!r}.")
        self.floor, self.limit, self.random_sign = float(floor), float(limit), bool(random_sign)
        self.seed_generator = keras.random.SeedGenerator() if self.random_sign else None

    def build(self, input_shape):
        _, frames, *_, channels = check_rank(self, input_shape, 3)
        if frames is not None and frames < 2:
            raise ValueError(f"Motion needs clips of 2 frames or more. Received an input of shape "
                             f"{tuple(input_shape)}. Use a clip of more frames, or leave `motion` out.")
        if len(self.scale) not in (1, channels):
            raise ValueError(f"`scale` must be one number or one a channel. Received: scale={self.scale} for an input "
                             f"of shape {tuple(input_shape)}.")

    def call(self, x, training=None):
        pixels = ops.cast(x, "float32")
        count = pixels.shape[-1]
        gray = ops.matmul(pixels, self.gray_weights(count)[:, None])
        colors = any(CHANNELS[name][1] for name in self.channels)
        levels = ops.divide(pixels, self.level(count)) if colors else None
        sign = self._signs(ops.shape(x)[0]) if training and self.random_sign else None
        shown = []
        for name in self.channels:
            show, _ = CHANNELS[name]
            part = pixels if show is None else self.even(show(levels, gray), (1, 2, 3, 4))
            part = part if sign is None or show is None else ops.multiply(part, sign)
            shown.append(ops.cast(part, self.compute_dtype))
        if colors:
            return ops.concatenate(shown, axis=-1)
        # A CPU is several times as long at joining channels number by number as at turning rows of them.
        return ops.swapaxes(ops.stack([ops.squeeze(part, -1) for part in shown], axis=-2), -1, -2)

    def level(self, count: int) -> np.ndarray:
        """What one level of 255 is in each of `count` channels of the input, float32 `(count,)`."""
        return np.broadcast_to(np.array(self.scale, "float32"), (count,))

    def gray_weights(self, count: int) -> np.ndarray:
        """What each channel of the input adds to gray in levels, float32 `(count,)`, in the order of the pixels."""
        weights = np.array(GRAY.get(count, (1 / count,) * count), "float32")
        return weights[:: -1 if self.channel_order == "BGR" else 1] / self.level(count)

    def even(self, motion: keras.KerasTensor, axes: tuple[int, ...]) -> keras.KerasTensor:
        """Motion `(..., height, width, channels)` in units of its own size over `axes`, those of one clip."""
        power = ops.mean(ops.square(motion), axis=axes, keepdims=True)
        size = ops.sqrt(ops.maximum(power, 1e-12)) + self.floor  # the root's slope at nothing is no number
        return ops.clip(motion / size, -self.limit, self.limit)

    def _signs(self, batch):
        drawn = keras.random.uniform((batch, 1, 1, 1, 1), seed=self.seed_generator)
        return ops.where(drawn < 0.5, -1.0, 1.0)

    def count(self, name: str, channels: int) -> int:
        """How many channels `name` is, of clips of `channels` channels."""
        return channels if CHANNELS[name][1] else 1

    def compute_output_shape(self, input_shape):
        *sizes, channels = input_shape
        return (*sizes, sum(self.count(name, channels) for name in self.channels))

    def kernel_from(self, kernel: np.ndarray) -> np.ndarray:
        """The first kernel of a network that sees this layer, made of that of one trained on pixels.

        Channels of motion get the mean over the colors, `color` its own.

        Args:
            kernel: (*kernel_size, channels, filters).

        Returns: array (*kernel_size, channels shown, filters).
        """
        mean = np.mean(kernel, axis=-2, keepdims=True)
        parts = [kernel if name == "color" else np.repeat(mean, self.count(name, kernel.shape[-2]), axis=-2)
                 for name in self.channels]
        return np.concatenate(parts, axis=-2)

    def get_config(self):
        return {**super().get_config(), "channels": list(self.channels), "scale": list(self.scale),
                "channel_order": self.channel_order, "floor": self.floor, "limit": self.limit,
                "random_sign": self.random_sign}
