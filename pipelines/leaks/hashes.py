"""64 bits a picture, that survive encoding and scaling: which of two neighbors is brighter."""

import numpy as np

ROWS, COLUMNS = 8, 9
BITS = ROWS * (COLUMNS - 1)
APART = 8  # bits in which pictures that look alike differ, at the most
AGREE = BITS - 2 * APART  # what the product of two rows of such bits is then, at the least
FLAT, FEWEST = 2.0, 8  # gray levels that neighbors must differ by, and in how many places, for a picture to tell much


def bits_of(pictures):
    """Difference hashes as rows of -1 and 1; of pictures that are nearly flat, rows of 0, which agree with none.

    Args:
        pictures: (n, height, width) uint8, height a multiple of 8 and width of 9.

    Returns:
        (n, 64) float32, whose products count bits that agree less those that do not.

    >>> ramp = np.tile(np.arange(0, 180, 20, dtype="uint8"), (1, 8, 1))
    >>> int(bits_of(ramp)[0] @ bits_of(255 - ramp)[0])
    -64
    """
    count, height, width = pictures.shape
    cells = pictures.reshape(count, ROWS, height // ROWS, COLUMNS, width // COLUMNS).mean(axis=(2, 4), dtype="float32")
    steps = np.diff(cells, axis=2).reshape(count, BITS)
    bits = np.where(steps > 0, 1, -1).astype("float32")
    bits[(np.abs(steps) >= FLAT).sum(axis=1) < FEWEST] = 0
    return bits


def mirrored_bits(bits):
    """The hashes of the same pictures with left and right changed."""
    return -bits.reshape(-1, ROWS, COLUMNS - 1)[:, :, ::-1].reshape(-1, BITS)
