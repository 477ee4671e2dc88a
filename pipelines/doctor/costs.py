"""What the clips of a video cost to decode."""

import itertools


def key_frame_gap(video):
    """Frames from a key frame to the next, or to the end, at the longest.

    >>> key_frame_gap({"key_frames": [0, 12, 30], "num_frames": 36})
    18
    """
    edges = [0, *video["key_frames"], video["num_frames"]]
    return max(after - before for before, after in itertools.pairwise(edges))


def cost_of_clip(video, clip):
    """Frames decoded for each frame of a random clip, on average over all places: (from the start, from a key frame).

    >>> from res3d.geometry import ClipSpec
    >>> cost_of_clip({"key_frames": [0, 50], "num_frames": 100}, ClipSpec(frames=10, stride=1))[0]
    5.5
    """
    num_frames = video["num_frames"]
    if clip.in_segments:  # up to the last part: a key frame saves nothing on the way there
        cost = num_frames * (1 - 1 / (2 * clip.frames)) / min(clip.frames, num_frames)
        return cost, cost
    step = clip.stride if clip.fps is None else max(1, round(clip.stride * video["fps"] / clip.fps))
    span = min((clip.frames - 1) * step + 1, num_frames)
    last = num_frames - span
    used = min(clip.frames, num_frames)
    keys = [key for key in video["key_frames"] if 0 < key <= last]
    # Sum over starts of the nearest key frame before: each key counts until the next one.
    before = sum(key * (after - key) for key, after in zip(keys, [*keys[1:], last + 1]))
    mean_start = last / 2
    return (mean_start + span) / used, (mean_start - before / (last + 1) + span) / used
