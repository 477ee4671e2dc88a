"""Whether a batch fits into memory, looked at before anything is trained."""

import math

from res3d.networks.memory import clip_memory

COPIES = 3  # of each weight: itself, its gradient, its momentum


def batch_that_fits(model, batch_size, free):
    """The largest of `batch_size` and its halves whose training step is estimated to need no more than `free` bytes.

    Returns: (clips, bytes that `batch_size` needs); 0 clips where not even one fits.
    """
    weights = COPIES * 4 * sum(math.prod(weight.shape) for weight in model.weights)
    a_clip, _ = clip_memory(model)
    fits = batch_size
    while fits and weights + fits * a_clip > free:
        fits //= 2
    return fits, weights + batch_size * a_clip


def room_line(model, recipe, free):
    """What to say of a step of a recipe that will need more than `free` bytes; None where it fits, or may.

    >>> from res3d.networks.network import build
    >>> from res3d.training.recipe import find_recipe
    >>> recipe = find_recipe("demo")
    >>> room_line(build("r3d_10", 5, recipe.clip), recipe, free=10**15)
    """
    size = recipe.data.batch_size
    if recipe.model.recompute_blocks:  # which the estimate knows nothing of
        return None
    fits, needed = batch_that_fits(model, size, free)
    if fits == size:
        return None
    said = (f"a step of {size} clips of {'x'.join(map(str, recipe.clip.shape))} needs about {needed / 1e9:.1f} GB, and "
            f"{free / 1e9:.1f} GB are free. ")
    if not fits:
        return said + "Not even one clip fits: use a smaller clip or network, or model.recompute_blocks=true"
    more = recipe.optimizer.accumulate * -(-size // fits)
    same = "" if recipe.cycles is not None else f" --set optimizer.accumulate={more}"
    return (said + f"{fits} fit: --set data.batch_size={fits}{same}; --set model.recompute_blocks=true keeps less of "
            "each clip")
