"""What the clips of a video cost to decode."""

import itertools

from pipelines.sample import parted


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
    if clip.in_segments:
        return _cost_of_parts(video, clip.frames)
    step = clip.stride if clip.fps is None else max(1, round(clip.stride * video["fps"] / clip.fps))
    span = min((clip.frames - 1) * step + 1, num_frames)
    last = num_frames - span
    used = min(clip.frames, num_frames)
    keys = [key for key in video["key_frames"] if 0 < key <= last]
    # Sum over starts of the nearest key frame before: each key counts until the next one.
    before = sum(key * (after - key) for key, after in zip(keys, [*keys[1:], last + 1]))
    mean_start = last / 2
    return (mean_start + span) / used, (mean_start - before / (last + 1) + span) / used


def _cost_of_parts(video, parts):
    """`cost_of_clip` of the middle frames of the parts; from a key frame, there may be a jump before each.

    >>> _cost_of_parts({"key_frames": [0, 50], "num_frames": 100}, 2)
    (38.0, 26.0)
    """
    wanted = sorted(set(parted.at(video["num_frames"], parts, 0.5).tolist()))
    decoded, done = 0, 0  # frames on the way with jumps, and the first that is not behind
    for frame in wanted:
        done = max(done, max((key for key in video["key_frames"] if key <= frame), default=0))
        decoded, done = decoded + frame + 1 - done, frame + 1
    return (wanted[-1] + 1) / len(wanted), decoded / len(wanted)
