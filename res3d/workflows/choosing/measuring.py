"""What this machine takes for a step of a recipe, and for a clip of its videos."""

import time

import numpy as np
from absl import logging

from pipelines.arguments import default_workers
from pipelines.bench.rates import rate, some_of
from pipelines.dataset.training import training_clips
from pipelines.video.frame_cache import SHARE, FrameCache, free_memory
from res3d.choosing.facts import Machine, Room, Timing
from res3d.training.epoch_sizes import EpochSizes
from res3d.workflows.devices import accelerator
from res3d.workflows.feeding.augmentation import augmentation
from res3d.workflows.feeding.room import batch_that_fits
from res3d.workflows.making import make_model, make_network

SECONDS = 2.0  # that a step is repeated for, at the least once
VIDEOS = 8  # whose clips are read
HALF = ("amx_bf16", "avx512_bf16")  # what processors that compute in bfloat16 say of themselves


def this_machine():
    """The `Machine` that runs this."""
    gpu = accelerator()
    half = ("mixed_bfloat16",) if gpu or _computes_in_half() else ()
    return Machine(default_workers(), gpu, ("float32", *half))


class Measured:
    """A function of a `Recipe` -> `Timing`; what was measured once is remembered.

    Args:
        manifest: `Manifest` of the videos to train on.
        facts: `DataFacts` of them.
        workers: int or None. Clips decoded at once.
    """

    def __init__(self, manifest, facts, workers=None):
        self.manifest, self.facts, self.workers = some_of(manifest, VIDEOS), facts, workers
        self._steps, self._reads = {}, {}

    def __call__(self, recipe):
        computed = (recipe.clip, recipe.data.batch_size, recipe.precision, recipe.model.name,
                    str(recipe.model.options), recipe.optimizer.name, recipe.xla)
        if computed not in self._steps:
            self._steps[computed] = step_seconds(recipe, self.manifest.num_classes)
        fed = recipe.clip, recipe.data
        if fed not in self._reads:
            self._reads[fed] = self._read_seconds(recipe)
        (step, start), (read, first) = self._steps[computed], self._reads[fed]
        logging.debug("%s: a step %.3f s, begun in %.1f s; a clip read in %.4f s", recipe.model.name, step, start, read)
        return Timing(step, read, first, start)

    def _read_seconds(self, recipe):
        """(seconds a clip, the same of the first epoch) of whole epochs over a few videos."""
        manifest, started = self.manifest, time.perf_counter()
        clips = training_clips(manifest, clip=recipe.clip, batch_size=len(manifest), seed=recipe.seed,
                               labels=manifest.labels, workers=self.workers, cache=self._cache(recipe),
                               temporal_crop=recipe.data.temporal_crop, augment=augmentation(recipe, manifest.labels))

        def epoch():
            return sum(len(batch[0]) for batch in clips)

        first = (time.perf_counter() - started + _timed(epoch)) / len(manifest)
        return 1 / rate(epoch, SECONDS), first

    def _cache(self, recipe):
        """What keeps the frames of these few videos, if those of all would be kept, too."""
        facts, clip = self.facts, recipe.clip
        height, width = clip.resized_size(1000, round(1000 * facts.aspect.middle))
        size = (facts.videos + facts.held) * facts.frames.middle * height * width * clip.channels
        return FrameCache() if recipe.data.cache is not None and size < SHARE * free_memory() else None


def room_for(recipe, num_classes):
    """The `Room` for a training step of a recipe on this machine; None where an accelerator trains, whose memory is not
    known here, or blocks are computed again, which the estimate knows nothing of."""
    if accelerator() is not None or recipe.model.recompute_blocks:
        return None
    free = free_memory() * (1 if recipe.data.cache is None else 1 - SHARE)
    fits, needed = batch_that_fits(make_network(recipe, num_classes), recipe.data.batch_size, free)
    return Room(fits, needed, free)


def _timed(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def step_seconds(recipe, num_classes):
    """(seconds of a training step, seconds until the first was done) of the network of a recipe, fed from memory."""
    started = time.perf_counter()
    model = make_model(recipe, num_classes, EpochSizes.alike(1000, recipe.data.batch_size), weights=False)
    clips = np.random.default_rng(0).integers(0, 256, (recipe.data.batch_size, *recipe.clip.shape), np.uint8)
    labels = np.zeros((len(clips), num_classes) if recipe.loss.multi_label else len(clips), np.int32)
    model.train_on_batch(clips, labels)
    first = time.perf_counter() - started

    def step():
        model.train_on_batch(clips, labels)
        return 1

    return 1 / rate(step, SECONDS), first


def _computes_in_half():
    """Whether the processor says that it multiplies in bfloat16; elsewhere that is many times slower."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = next((line.split() for line in file if line.startswith("flags")), [])
    except OSError:
        return False
    return any(name in flags for name in HALF)
