"""What a clip costs to decode, against counting frame by frame."""

import numpy as np
import pytest

from pipelines.doctor import checks
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, stride=2, height=32, width=32)


def brute_cost(num_frames, key_frames, clip):
    starts = range(num_frames - clip.span + 1)
    from_start = np.mean([start + clip.span for start in starts]) / clip.frames
    jumped = [start + clip.span - max([0] + [key for key in key_frames if key <= start]) for start in starts]
    return from_start, np.mean(jumped) / clip.frames


@pytest.mark.parametrize(("num_frames", "key_frames"), [
    (100, [0]), (100, [0, 12, 24, 90]), (15, [0, 3]), (300, range(300))])
def test_cost_counts_decoded_frames(num_frames, key_frames):
    found = {"num_frames": num_frames, "key_frames": list(key_frames), "fps": 25.0}
    assert checks.cost_of_clip(found, CLIP) == pytest.approx(brute_cost(num_frames, key_frames, CLIP))


@pytest.mark.parametrize(("num_frames", "key_frames"), [(100, [0]), (100, [0, 12, 24, 90]), (5, [0, 3])])
def test_cost_of_one_frame_of_each_part(num_frames, key_frames):
    found = {"num_frames": num_frames, "key_frames": key_frames, "fps": 25.0}
    wanted = sorted({int(num_frames * (part + 0.5) / 8) for part in range(8)})
    needed = {frame for last in wanted for frame in range(max(key for key in key_frames if key <= last), last + 1)}
    assert checks.cost_of_clip(found, CLIP.replace(frames=8, sampling="segments")) == (
        (wanted[-1] + 1) / len(wanted), len(needed) / len(wanted))


def test_cost_at_a_target_rate():
    found = {"num_frames": 100, "key_frames": [0], "fps": 50.0}
    halved = ClipSpec(frames=8, stride=1, fps=25.0, height=32, width=32)
    assert checks.cost_of_clip(found, halved) == checks.cost_of_clip(found, CLIP)
