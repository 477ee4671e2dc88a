"""A video of an hour, whole: counted, read near its end, and jumped about in, in little memory and any time in all."""

import resource

import numpy as np
import pytest

from pipelines.doctor.checks import check
from pipelines.video import probe, read_frames, write_video
from pipelines.video.jumps import with_jumps
from res3d.geometry import ClipSpec

FRAMES, BITS = 90_000, 17


def pictures():
    """Pictures that have their number in them, in bits."""
    for number in range(FRAMES):
        bits = (number >> np.arange(BITS) & 1).astype(np.uint8) * 255
        yield np.repeat(np.repeat(np.repeat(bits[None, :, None], 32, 0), 4, 1), 3, 2)


def numbers(frames):
    return [int((frame[16, 2::4, 0] > 127) @ (1 << np.arange(BITS))) for frame in frames]


@pytest.mark.slow
def test_an_hour(tmp_path):
    path = tmp_path / "hour.mp4"
    write_video(path, pictures(), fps=25.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    info = probe(path, timeout=30)  # without another frame; the whole takes as long as it takes
    assert (info.num_frames, info.duration_seconds, info.damaged) == (FRAMES, pytest.approx(3600.0), False)
    wanted = [45_000, FRAMES - 2, FRAMES - 1]
    assert numbers(read_frames(path, wanted, timeout=30)) == wanted
    known = with_jumps(path, info)
    assert len(known.jumps) > 100
    for start in (0, 12_345, 60_000, FRAMES - 10):
        assert numbers(read_frames(path, range(start, start + 10), info=known)) == list(range(start, start + 10))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KB

    rows = "".join(f"hour.mp4,{start % 2},{start},{start + 2}\n" for start in (0, 1800, 3590, 3599.5, 3601))
    (tmp_path / "parts.csv").write_text(f"path,label,start,end\n{rows}")
    report = check(tmp_path / "parts.csv", ClipSpec(frames=4, stride=2, height=16, width=16), workers=1, timeout=30)
    assert (report["usable"], report["rows"], report["usable_rows"]) == (1, 5, 4)
    assert [row["start"] for row in report["bad_parts"]] == [3601.0]
