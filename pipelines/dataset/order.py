"""Which video comes when: a whole-epoch order computed from (seed, epoch) with integers alone.

Nothing here keeps state. Any epoch, any step and any host's share of it can be computed on its own, which is what makes
resuming in the middle of an epoch, and the same clips for any number of workers, a matter of arithmetic. A hash takes
the place of a random generator, so that the order does not change with the version of a library.
"""

import numpy as np

from pipelines.sample.seeds import fold_in, permutation


def epoch_order(num_videos, seed, epoch, shard=(0, 1)):
    """The videos of one epoch in order, int64: a shuffle of all of them, or one host's share of that shuffle.

    Every host takes each `count`-th video of the one shuffle, so that the hosts' batches of a step together are the
    batch that a single host would have had. Shares are made equally long, as hosts that step together need, by giving
    the first videos of the shuffle again: at most `count - 1` of them.

    Args:
        num_videos: int. Videos in the data set.
        seed: int. Of the run.
        epoch: int. From 0.
        shard: (int, int). Index of this host, and how many there are.

    >>> epoch_order(4, seed=1, epoch=0, shard=(0, 2)).size
    2
    """
    index, count = shard
    order = permutation(num_videos, seed, epoch)
    return np.resize(order, -(-num_videos // count) * count)[index::count]


def balanced_order(labels, seed, epoch, shard=(0, 1), groups=None):
    """As `epoch_order`, but every class comes equally often, give or take one, in an epoch of the same length.

    Videos of a small class come several times; those of a large one take turns, going through the whole class over the
    epochs before any comes again. With groups it is these that take turns in their class, and the videos of a group
    within it: a person of whom there are many videos comes no more often than one of whom there are few.

    Args:
        labels: ints, one a video.
        seed, epoch, shard: as in `epoch_order`.
        groups: names, one a video, equal for those of a group; or None for each video on its own.

    >>> labels = [0, 0, 0, 1]
    >>> sum(labels[video] == 1 for video in balanced_order(labels, seed=1, epoch=0))
    2
    """
    labels = np.asarray(labels)
    classes = np.unique(labels)
    total = labels.size
    # Slot s of all epochs belongs to class s % C: over the epochs, the classes differ by one at most.
    slots = np.arange(epoch * total, (epoch + 1) * total)
    chosen = np.empty(total, np.int64)
    for position, label in enumerate(classes):
        members = np.flatnonzero(labels == label)
        mine = slots[slots % classes.size == position] // classes.size  # how many of this class came before
        if groups is None:
            videos = members[_turns(mine, members.size, seed, int(label))]
        else:
            videos = _by_groups(mine, members, [groups[video] for video in members], seed, int(label))
        chosen[slots % classes.size == position] = videos
    index, count = shard
    shuffled = chosen[permutation(total, seed, epoch)]
    return np.resize(shuffled, -(-total // count) * count)[index::count]


def _turns(numbers, count, *values):
    """Which of `count` comes at each of `numbers`, counted over all epochs: all of them once in a round, shuffled."""
    rounds, places = numbers // count, numbers % count
    found = np.empty(numbers.size, np.int64)
    for turn in np.unique(rounds):
        found[rounds == turn] = permutation(count, *values, int(turn))[places[rounds == turn]]
    return found


def _by_groups(numbers, members, groups, seed, label):
    """The videos of one class at `numbers`: its groups take turns, and so do the videos of each."""
    places: dict = {}  # in the order in which the groups are met
    for member, name in zip(members, groups):
        places.setdefault(name, []).append(member)
    turn = _turns(numbers, len(places), seed, label)
    videos = np.empty(numbers.size, np.int64)
    for group, own in enumerate(map(np.array, places.values())):
        here = turn == group
        # In each round a group comes once, so that the round is how often it came before.
        videos[here] = own[_turns(numbers[here] // len(places), own.size, seed, label, group)]
    return videos


def clip_keys(seed, epoch, positions):
    """One int64 a position of the epoch, all randomness of a clip being drawn from it."""
    return fold_in(seed, epoch, positions, 0xC11B).astype(np.int64)


def check_shard(shard):
    """Returns (index, count), or says what was wrong with it."""
    valid = isinstance(shard, list | tuple) and len(shard) == 2 and all(isinstance(n, int) for n in shard)
    if not valid or not 0 <= shard[0] < shard[1]:
        raise ValueError(f"`shard` must be (index, count) with 0 <= index < count. Received: shard={shard!r}.")
    return tuple(shard)
