"""Augmentation of clips and of batches, ours because no library draws once a clip, out of two integers, in a graph.

A step is `step(clip, seed) -> clip`: `clip` is uint8 (frames, height, width, channels), `seed` two integers from which
everything random is drawn, once, so that all frames move as one. Steps are TensorFlow graphs: they run directly and
inside `Dataset.map`. `mixup` and `cutmix` take whole batches.

    augment = chain(random_resized_crop(112), random_flip(labels=labels), rand_augment(2, 9), random_erasing())
    train = training_clips(data, clip, batch_size=8, augment=augment, mix=mixup(0.8))
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
