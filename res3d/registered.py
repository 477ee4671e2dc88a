"""Importing this makes every class known that a saved model of the package may name."""

from res3d import (
    attention,
    backbone,
    blocks,
    classifier,
    conv,
    factorized,
    nonlocal_block,
    norm,
    pooling,
    preactivation,
    scaling,
    shift,
    shortcut,
    slowfast,
    units,
)
from res3d.heads import multi_label, pyramid, unet
from res3d.training import losses, optimizer, schedule

__all__ = ["attention", "backbone", "blocks", "classifier", "conv", "factorized", "losses", "multi_label",
           "nonlocal_block", "norm", "optimizer", "pooling", "preactivation", "pyramid", "scaling", "schedule", "shift",
           "shortcut", "slowfast", "unet", "units"]
