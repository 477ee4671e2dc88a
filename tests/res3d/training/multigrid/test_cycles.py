"""The schedule of multigrid training, beside a plain restatement and the numbers of its published code."""

import dataclasses
import fractions
import types

import numpy as np
import pytest

from res3d.geometry import ClipSpec
from res3d.training.epoch_sizes import EpochSizes
from res3d.training.multigrid.cycles import long_shapes, spec_of, strides, turns
from res3d.training.rates.epoch_rate import EpochRate
from res3d.training.recipe import find_recipe

PUBLISHED = "kinetics400_slowfast_r50_multigrid"
CLIP = types.SimpleNamespace(frames=32, height=224, width=224, stride=2)


def test_shapes_are_the_published_ones():
    shapes = long_shapes(CLIP)
    assert [(each.times, each.frames, each.height) for each in shapes] == [
        (8, 8, 158), (4, 16, 158), (2, 16, 224), (1, 32, 224)]
    sizes = [[turn.times for turn in turns(each, CLIP, short=True)] for each in shapes]
    assert sizes == [[16, 8, 8], [8, 4, 4], [8, 4, 2], [4, 2, 1]]
    assert [round(np.mean(each), 2) for each in sizes] == [10.67, 5.33, 4.67, 2.33]
    assert [turn.height for turn in turns(shapes[2], CLIP, short=True)] == [112, 158, 224]
    assert [strides(each, CLIP) for each in shapes] == [(2, 8), (2, 4), (2, 4), (2, 2)]


def test_phases_end_where_the_published_schedule_has_them_end():
    cycles = find_recipe(PUBLISHED).cycles
    assert [phase.end for phase in cycles.phases] == [73, 110, 142, 158, 205, 228, 248, 259, 291, 308, 322, 329, 358]
    assert find_recipe(PUBLISHED).epochs == 358
    coarse = 0.0  # steps, counted in those of a plain epoch
    for first, phase in zip((0, *(each.end for each in cycles.phases)), cycles.phases):
        coarse += (phase.end - first) / np.mean([turn.times for turn in turns(phase.shape, CLIP, short=True)])
    assert 239 / coarse == pytest.approx(3.42, abs=0.01)


def test_phases_are_those_of_exact_fractions():
    """A stage of n plain epochs has n epochs, shared out by the mean batch; the last has its own at the same saving."""
    means = [fractions.Fraction(sum(each), 3) for each in ([16, 8, 8], [8, 4, 4], [8, 4, 2], [4, 2, 1])]
    stages, tuned = (94, 60, 42), 43
    epochs = [stage * mean / sum(means) for stage in stages for mean in means]
    steps = sum(stages) * len(means) / sum(means)
    epochs.append(tuned * means[-1] * steps / sum(stages))
    longer = fractions.Fraction(239 * 3, 2) / sum(epochs)
    ends = [round(longer * sum(epochs[:count])) for count in range(1, 14)]
    assert ends == [phase.end for phase in find_recipe(PUBLISHED).cycles.phases]
    assert sum(stages) / steps == 5.75


def test_the_rate_follows_the_long_cycle_alone():
    """Eight times the batch, eight times the rate; the last stage keeps the rate before it for its first half."""
    cycles = find_recipe(PUBLISHED).cycles
    assert [cycles.factor(epoch) for epoch in (0, 72, 73, 110, 142, 157)] == [8, 8, 4, 2, 1, 1]
    assert [cycles.factor(epoch) for epoch in (158, 259, 328)] == pytest.approx([0.8, 0.08, 0.01])
    assert [cycles.factor(epoch) for epoch in (329, 342, 343, 357)] == pytest.approx([0.01, 0.01, 0.001, 0.001])


def test_without_steps_there_is_one_cycle():
    cycles = find_recipe(PUBLISHED, ["schedule.decay=cosine", "schedule.steps=[]", "schedule.epochs=20",
                                     "schedule.warmup_epochs=0"]).cycles
    assert [(phase.stage, phase.shape.times) for phase in cycles.phases] == [(0, 8), (0, 4), (0, 2), (0, 1), (1, 1)]
    assert cycles.epochs == 30
    assert [cycles.factor(0), cycles.factor(29)] == [8.0, 1.0]


def test_a_short_cycle_alone_stretches_the_schedule():
    cycles = find_recipe(PUBLISHED, ["multigrid.long=false"]).cycles
    assert cycles.epochs == 358
    assert [[turn.times for turn in cycles.turns(epoch)] for epoch in (0, 357)] == [[4, 2, 1]] * 2
    assert [cycles.factor(epoch) for epoch in (140, 141, 357)] == pytest.approx([1, 0.1, 0.001])


def test_batches_that_do_not_grow_have_as_many_steps_and_the_plain_rate():
    """The same shapes, each for as many epochs, as an epoch of each has as many steps."""
    settings = ["schedule.decay=cosine", "schedule.steps=[]", "schedule.epochs=20", "schedule.warmup_epochs=0",
                "multigrid.stretch=1", "multigrid.grow_batch=false", "multigrid.tuning=0.2"]
    cycles, grown = find_recipe(PUBLISHED, settings).cycles, find_recipe(PUBLISHED).cycles
    assert [phase.end for phase in cycles.phases] == [4, 8, 12, 16, 20]
    for epoch, other in ((0, 0), (19, 357)):
        assert [turn.times for turn in cycles.turns(epoch)] == [1, 1, 1]
        assert [dataclasses.replace(turn, times=1) for turn in grown.turns(other)] == list(cycles.turns(epoch))
    assert {cycles.factor(epoch) for epoch in range(20)} == {1.0}


def test_small_clips_see_what_full_ones_see():
    clip = ClipSpec(frames=16, height=112, width=112, resize=128)
    small = spec_of(long_shapes(clip)[0], clip)
    assert (small.shape, small.resize) == ((4, 79, 79, 3), 90)
    wide = spec_of(long_shapes(clip)[0], clip.replace(resize=(128, 170)))
    assert wide.resize == (90, 120)


def test_the_rate_rises_to_that_of_the_first_batches():
    """From a tenth of the plain rate, in a line, to that of the batch at hand when the rise ends."""
    rate = EpochRate(0.1, starts=(0, 2, 4, 12), factors=(8.0, 4.0, 1.0), warmup_epochs=1.5, warmup_from=0.1)
    rise = [0.1 * (0.1 + (4.0 - 0.1) * step / 2 / 1.5) for step in range(3)]
    assert [float(rate(step)) for step in (0, 1, 2, 3, 4, 11)] == pytest.approx([*rise, 0.4, 0.1, 0.1])


def test_a_cosine_goes_by_the_epochs_and_not_by_the_steps():
    rate = EpochRate(1.0, starts=(0, 1, 5), factors=(2.0, 1.0), cosine=True)
    expected = [2 * 1.0] + [0.5 * (1 + np.cos(np.pi * (1 + step / 4) / 2)) for step in range(4)]
    assert [float(rate(step)) for step in range(5)] == pytest.approx(expected, abs=1e-6)


def test_sizes_of_equal_and_of_unequal_epochs():
    even, uneven = EpochSizes.alike(5, 4), EpochSizes((2, 3), ((8, 4), (4,)))
    assert [even.steps(9), even.before(2), even.batch(7, 3), even.clips(0, 2)] == [5, 10, 4, 12]
    assert [uneven.steps(1), uneven.before(2), uneven.batch(0, 3), uneven.clips(0, 1)] == [3, 5, 4, 4]


@pytest.mark.parametrize(("settings", "said"), [
    (["data.clips_per_video=2"], r"needs data.clips_per_video=1, .* Received: data.clips_per_video=2\. Set multigrid"),
    (["optimizer.accumulate=2"], r"optimizer.accumulate=1, as its batches differ in size"),
    (["schedule.steps=[]"], r"needs schedule.steps for the stages of its long cycles"),
    (["multigrid.stretch=0"], r"`multigrid.stretch` must be positive")])
def test_what_cannot_be_had_with_it(settings, said):
    with pytest.raises(ValueError, match=said):
        find_recipe(PUBLISHED, settings)
