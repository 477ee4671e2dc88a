"""Training clips whose shape changes as a recipe's multigrid training says."""

import functools

from pipelines.dataset.cycling.clips import CyclingClips
from pipelines.dataset.cycling.turn import Turn
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.multigrid.cycles import spec_of, strides
from res3d.workflows.feeding.augmentation import augmentation
from res3d.workflows.feeding.mixing import mixing_of


def multigrid_clips(recipe, train):
    """`CyclingClips` of the videos of the training clips `train`, for a recipe with cycles; None for one without.

    Raises:
        ValueError: if some videos count more than others, input workers elsewhere make the clips, or there are fewer
            videos than clips in the largest batch.
    """
    if recipe.cycles is None:
        return None
    if any(entry.weight is not None for entry in train.manifest):
        raise ValueError("`multigrid` counts all videos alike. Received videos with a column `weight`. Remove it, or "
                         "set multigrid.long and multigrid.short to false.")
    if getattr(train.source, "service", None) is not None:
        raise ValueError("`multigrid` needs clips that are made here. Received --data_service. Leave it out, or set "
                         "multigrid.long and multigrid.short to false.")

    most = max(turn.times for phase in recipe.cycles.phases for turn in recipe.cycles.turns(phase.end - 1))
    if recipe.data.batch_size * most > train.num_videos:
        raise ValueError(f"`multigrid` makes batches of up to {most} times data.batch_size, and an epoch must have as "
                         f"many videos. Received: data.batch_size={recipe.data.batch_size} for {train.num_videos} "
                         f"videos. Use {max(train.num_videos // most, 1)} or fewer, or set multigrid.long and "
                         "multigrid.short to false.")

    @functools.cache
    def turn(shape):
        spec = spec_of(shape, recipe.clip)
        return Turn(spec, recipe.data.batch_size * shape.times,
                    None if recipe.clip.in_segments else strides(shape, recipe.clip),
                    augmentation(recipe, train.labels, spec))

    return CyclingClips(train.source, lambda epoch: tuple(map(turn, recipe.cycles.turns(epoch))),
                        mix=mixing_of(recipe.data), workers=recipe.data.workers, seed=recipe.seed,
                        balanced=recipe.data.balanced)


def sizes_of(recipe, clips):
    """`EpochSizes` of the epochs of a run on what `multigrid_clips` gave."""
    epochs = range(recipe.epochs)
    return EpochSizes(tuple(map(clips.steps, epochs)),
                      tuple(tuple(turn.batch_size for turn in clips.turns_of(epoch)) for epoch in epochs))
