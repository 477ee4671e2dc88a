"""Parts of long recordings are decoded from places shown exact, and never further than these have been compared."""

import dataclasses

import numpy as np
import pytest

from pipelines.video import jumps, reading, walk

FRAMES = 3200  # of the recording


@pytest.fixture(scope="module")
def known(recording):
    return jumps.with_jumps(recording)


def numbers(frames):
    return (frames[:, 16, 2::4, 0] > 127) @ (1 << np.arange(12))


def test_the_end_of_a_long_recording_is_as_near_as_its_beginning(recording, known, grabs):
    assert known.num_frames == FRAMES
    landings = [frame for _, frame, _ in known.jumps]
    assert max(np.diff([0, *landings, FRAMES])) <= jumps.APART + 30
    wanted = [3100, 3102, 3110]
    np.testing.assert_array_equal(numbers(reading.read_frames(recording, wanted, info=known)), wanted)
    assert grabs["grabs"] <= jumps.APART + 30


def test_finding_the_jumps_costs_about_two_decodes(recording, known, grabs):
    jumps.verified_jumps(recording, known)
    assert grabs["grabs"] < 2.6 * FRAMES


def test_frames_here_and_there_are_those_asked_for(recording, known):
    rng = np.random.default_rng(0)
    for wanted in (range(0, FRAMES, 40), range(2000, 2700), sorted(rng.integers(0, FRAMES, 30).tolist())):
        np.testing.assert_array_equal(numbers(reading.read_frames(recording, wanted, info=known)), list(wanted))


class Straight:
    """A decoder that notes where it has been."""

    def __init__(self):
        self.index, self.runs = -1, [[]]

    def grab(self):
        self.index += 1
        self.runs[-1].append(self.index)
        return self.index < 1000

    def retrieve(self, picture):
        return self.index

    def jump(self, seek, frame, time_us):
        self.index = frame
        self.runs.append([frame])
        return True


def test_no_run_goes_further_than_it_has_been_compared(known):
    info = dataclasses.replace(known, jumps=((0, 100, 0), (0, 350, 0), (0, 600, 0)))
    decoder = Straight()
    assert [number for number, _ in walk.pictures(decoder, range(150, 900), info)] == list(range(150, 900))
    first, *runs = [(run[0], run[-1]) for run in decoder.runs if run]
    assert first == (100, 350 + walk.SHOWN)
    assert runs == [(350, 600 + walk.SHOWN), (600, 899)]
