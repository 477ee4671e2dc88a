"""The mixing of batches that a recipe asks for."""

from pipelines.augment import mixing


def mixing_of(asked):
    """Function of a batch for the group `data` of a recipe, or None."""
    if not asked.mixup and not asked.cutmix:
        return None
    if asked.mixup and asked.cutmix:
        return mixing.mixup_or_cutmix(asked.mixup, asked.cutmix)
    if asked.mixup:
        return mixing.mixup(asked.mixup)
    return mixing.cutmix(asked.cutmix)
