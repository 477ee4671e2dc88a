"""Which videos show the same moments, and which the same place, out of their signatures.

Pictures that look alike make two videos a candidate; what *moves* in them decides. A camera that stays where it is
gives the same picture all year, so two of its recordings count as one only where the changes against what stays agree,
moment for moment.
"""

import dataclasses

import numpy as np

from pipelines.leaks import moments
from pipelines.leaks.hashes import AGREE, bits_of, mirrored_bits
from pipelines.leaks.signature import RATE

SAME_MOMENTS, SAME_BACKGROUND = "same moments", "same background"
ROWS = 4096  # hashes compared with all others at a time
MOST_PAIRS = 20_000  # candidates looked at closely


@dataclasses.dataclass(frozen=True)
class Likeness:
    """Two videos that show the same.

    Attributes:
        first, second: ints. Their places.
        kind: "same moments" or "same background".
        seconds: float. How long they show the same moments; 0 for a background.
        offset: float. Seconds of the first at which the second begins.
        speed: float. Seconds of the first that one of the second lasts.
        mirrored: bool.
    """

    first: int
    second: int
    kind: str
    seconds: float = 0.0
    offset: float = 0.0
    speed: float = 1.0
    mirrored: bool = False


def find_alike(signatures, sides, most=MOST_PAIRS):
    """Pairs of videos on different sides that show the same.

    Args:
        signatures: `Signature` objects.
        sides: a name a video; pairs within a side are not looked for.
        most: int. Candidates looked at closely, those with most hashes in common first.

    Returns:
        (list of `Likeness`, in the order of their places, and how many candidates were left out).
    """
    codes = np.unique([str(side) for side in sides], return_inverse=True)[1]
    if len(set(codes.tolist())) < 2:
        return [], 0
    found, left = {}, 0
    for mirrored in (False, True):
        candidates = _candidates(signatures, codes, mirrored)
        left += max(len(candidates) - most, 0)
        for first, second in candidates[:most]:
            if (first, second) in found:
                continue
            match = moments.same_moments(signatures[first], signatures[second], mirrored)
            if match is not None:
                found[first, second] = Likeness(first, second, SAME_MOMENTS, *match, mirrored)
    for first, second in moments.same_backgrounds([one.background for one in signatures], codes):
        found.setdefault((first, second), Likeness(first, second, SAME_BACKGROUND))
    return [found[pair] for pair in sorted(found)], left


def _candidates(signatures, codes, mirrored):
    """(first, second) of different sides that have hashes in common, those with the largest share first."""
    hashes = [bits_of(one.pictures) for one in signatures]
    owners = np.repeat(np.arange(len(hashes)), [len(bits) for bits in hashes])
    # One a second of the one and all of the other: whatever the phase, some fall together.
    thin = [bits[::round(RATE)] for bits in hashes]
    thin_owners = np.repeat(np.arange(len(thin)), [len(bits) for bits in thin])
    whole, thinned = np.concatenate(hashes), np.concatenate(thin)
    if mirrored:
        thinned = mirrored_bits(thinned)
    count = len(signatures)
    votes = np.zeros(count * count, np.int32) if count <= ROWS else {}
    for start in range(0, len(whole), ROWS):
        rows, columns = np.nonzero(whole[start:start + ROWS] @ thinned.T >= AGREE)
        one, other = owners[start + rows], thin_owners[columns]
        apart = codes[one] != codes[other]
        pairs = np.minimum(one, other)[apart] * count + np.maximum(one, other)[apart]
        keys, counts = np.unique(pairs, return_counts=True)
        if isinstance(votes, dict):
            for key, number in zip(keys.tolist(), counts.tolist()):
                votes[key] = votes.get(key, 0) + number
        else:
            votes[keys] += counts.astype(np.int32)
    pairs = np.array(list(votes), np.int64) if isinstance(votes, dict) else np.flatnonzero(votes)
    strength = np.array([votes[key] for key in pairs.tolist()]) if len(pairs) else np.zeros(0)
    lengths = np.array([max(len(bits), 1) for bits in hashes])
    strength = strength / np.minimum(lengths[pairs // count], lengths[pairs % count])
    return [divmod(int(pair), count) for pair in pairs[np.argsort(-strength, kind="stable")]]
