"""The augmentation of clips that a recipe asks for."""

import dataclasses

from pipelines.augment import chaining, crops, flip, randaugment, warp


def augmentation(recipe, labels, clip=None):
    """The augmentation of a recipe, or None: a crop of random size and place, a warp, a flip where no label has a
    direction, operations of RandAugment.

    `clip` is what it makes, in the place of the recipe's; the shorter of two sides that pictures are scaled to shrinks
    with it, so that a smaller clip sees as much of a picture and more.
    """
    asked, full = recipe.data, recipe.clip
    clip = full if clip is None else clip
    if not asked.augment:
        return None
    steps = []
    if asked.scale:
        if max(asked.scale) > 1:
            steps.append(crops.short_side_jitter(
                clip.height, clip.width, (round(asked.scale[0] * clip.height / full.height), int(asked.scale[1]))))
        else:
            steps.append(crops.random_resized_crop(clip.height, clip.width, scale=asked.scale))
    amounts = dataclasses.asdict(asked.warp)
    if any(amounts.values()):
        steps.append(warp.random_warp(clip.height, clip.width, **amounts))
    if asked.flip:
        try:
            steps.append(flip.random_flip(labels=labels))
        except ValueError as error:
            raise ValueError(f"{error} In a recipe that is data.flip=false.") from None
    if asked.rand_augment:
        operations, magnitude = asked.rand_augment
        steps.append(randaugment.rand_augment(int(operations), magnitude))
    return chaining.chain(*steps) if steps else None
