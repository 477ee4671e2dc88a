"""The frames that an entry of a manifest covers: by time, by number, and both."""

import types

import numpy as np
import pytest

from pipelines.annotations.entries import Entry
from pipelines.sample.extents import extent
from pipelines.video.info import VideoError

INFO = types.SimpleNamespace(num_frames=20, times_us=np.arange(20) * 100_000, duration_seconds=2.0)  # 10 a second


@pytest.mark.parametrize(("entry", "expected"), [
    (Entry("a.mp4"), (0, 20)),
    (Entry("a.mp4", start=0.5), (5, 20)),
    (Entry("a.mp4", start=0.51), (6, 20)),        # the first frame shown from then on
    (Entry("a.mp4", end=0.5), (0, 5)),            # the end is not included
    (Entry("a.mp4", end=0.51), (0, 6)),
    (Entry("a.mp4", start=0.5, end=1.4), (5, 14)),
    (Entry("a.mp4", start=0.0, end=9.0), (0, 20)),
    (Entry("a", num_frames=20), (0, 20)),
    (Entry("a", num_frames=8, first_frame=3), (3, 11)),
    (Entry("a", num_frames=30, first_frame=3), (3, 20)),
    (Entry("a", num_frames=8, first_frame=3, start=0.5), (5, 11)),
    (Entry("a", num_frames=8, first_frame=3, start=0.1, end=0.9), (3, 9)),
])
def test_extent(entry, expected):
    assert extent(entry, INFO) == expected


@pytest.mark.parametrize(("entry", "message"), [
    (Entry("a.mp4", start=2.5), "wanted the part from 2.5 s to the end, but the video has 20 frames and lasts 2.00 s; "
                                "correct start and end"),
    (Entry("a.mp4", end=0.0), "wanted the part from the beginning to 0 s, but the video has 20 frames and lasts "
                              "2.00 s; correct start and end"),
    (Entry("a", num_frames=8, first_frame=20), "wanted its frames from 20 on, but it has 20"),
    (Entry("a", num_frames=8, first_frame=3, end=0.2), "wanted the part from the beginning to 0.2 s, but the video has "
                                                       "20 frames and lasts 2.00 s; correct start and end"),
])
def test_an_entry_without_frames_is_refused(entry, message):
    with pytest.raises(VideoError) as error:
        extent(entry, INFO)
    assert error.value.reason == message
