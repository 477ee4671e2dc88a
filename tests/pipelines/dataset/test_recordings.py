"""Data sets that take many parts of one long recording."""

import pytest

import pipelines
from pipelines.annotations.entries import Entry, Manifest
from pipelines.video.jumps import PARTS
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=4, stride=2, height=16, width=16, resize=16)


@pytest.mark.slow
def test_many_parts_of_a_long_recording_have_its_jumps_found_by_themselves(recording):
    for count, found in ((PARTS, True), (PARTS - 1, False)):
        parts = [Entry(recording, (number % 2,), start=10.0 * number, end=10.0 * number + 2) for number in range(count)]
        clips = pipelines.training_clips(Manifest(parts, ("a", "b")), CLIP, 2)
        assert bool(clips.source.probes.info(recording).jumps) is found
