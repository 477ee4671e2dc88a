import dataclasses

import pytest

from res3d.choosing import budget, rungs
from res3d.choosing.choice import Case, choose
from res3d.choosing.facts import DataFacts, Machine, Room, Spread, Timing
from res3d.choosing.rules import RULES

DATA = DataFacts(videos=400, held=80, classes=("run", "jump"), groups=20, grouped_by="column", seconds=Spread(1, 2, 4),
                 frames=Spread(40, 60, 120), fps=Spread(25, 30, 30), aspect=Spread(1.33, 1.33, 1.35))


CPU = Machine(2)


def case(data=DATA, machine=CPU, minutes=60.0, step=0.5, read=0.02, asked=(), start=0.0, fits=None, **changes):
    """A case of which every step takes `step` seconds, in proportion to the pixels of a clip of 32 x 60 x 80."""
    def timing(recipe):
        clip = recipe.clip
        share = clip.frames * clip.height * clip.width / (32 * 60 * 80)
        half = 0.5 if recipe.precision == "mixed_bfloat16" else 1.0
        large = 30 if recipe.model.name == "r3d_18" else 1
        return Timing(step * share * half * large, read, start=start)

    def room(recipe):
        return None if fits is None else Room(min(fits, recipe.data.batch_size), recipe.data.batch_size * 1e9, 3e9)

    return Case(dataclasses.replace(data, **changes), machine, minutes, timing, lambda: minutes, room, tuple(asked))


def chosen(*args, **kwargs):
    asked = case(*args, **kwargs)
    choices = choose(asked, RULES)
    return asked.recipe(choices), {choice.about: choice for choice in choices}


def test_short_videos_are_seen_whole_and_as_motion():
    recipe, said = chosen()
    clip = recipe.clip
    assert (clip.sampling, clip.frames, clip.height, clip.width, clip.resize) == ("segments", 32, 60, 80, (60, 80))
    assert recipe.model.name == "plain3d_5"
    assert recipe.model.options["motion"]["channels"] == ["difference", "background"]
    assert recipe.data.batch_size == 16
    assert "1.0 to 4.0 s" in str(said["sampling"])


def test_what_was_learnt_of_figures_is_the_start_of_networks_that_see_as_it_did():
    assert chosen()[0].start.weights == "figures"
    assert chosen(still=0.9, moving=0.3)[0].start.weights is None  # colors are seen, too
    assert chosen(asked=["start.weights=null"])[0].start.weights is None


def test_videos_of_few_frames_are_not_asked_for_more():
    assert chosen(frames=Spread(20, 25, 30))[0].clip.frames == 16
    assert chosen(frames=Spread(3, 5, 9))[0].clip.frames == 8


def test_long_videos_are_seen_through_a_window():
    clip = chosen(seconds=Spread(20, 60, 300), frames=Spread(500, 1800, 9000))[0].clip
    assert (clip.sampling, clip.frames, clip.stride, clip.fps) == ("dense", 32, 4, None)  # 4 s at 30 fps: 120 frames


def test_mixed_rates_of_long_videos_are_read_at_one():
    recipe, said = chosen(seconds=Spread(20, 60, 300), frames=Spread(500, 1800, 9000), fps=Spread(10, 25, 60))
    assert recipe.clip.fps == 25
    assert recipe.clip.stride == 3
    assert "25 fps" in said["sampling"].reason


def test_a_clip_has_the_shape_of_the_videos():
    tall = chosen(aspect=Spread(0.5625, 0.5625, 0.5625))[0].clip
    assert (tall.height, tall.width) == (108, 60)
    mixed = chosen(aspect=Spread(0.56, 1.33, 1.78))[0].clip
    assert (mixed.height, mixed.width, mixed.resize) == (60, 60, 60)


@pytest.mark.parametrize(("still", "moving", "channels"), [
    (0.2, 0.3, ["difference", "background"]), (0.35, 0.3, ["difference", "background"]),
    (0.7, 0.3, ["color", "difference"])])
def test_the_sight_is_that_of_the_better_linear_classifier_and_motion_when_in_doubt(still, moving, channels):
    recipe, said = chosen(still=still, moving=moving)
    assert recipe.model.options["motion"]["channels"] == channels
    assert f"{100 * still:.0f} %" in said["sight"].reason


def test_clips_are_not_mirrored_where_a_class_has_a_side():
    recipe, said = chosen(sided=("turn left", "turn right"))
    assert not recipe.data.flip
    assert "'turn left'" in said["changes"].reason
    assert chosen()[0].data.flip


def test_the_quicker_precision_is_taken():
    machine = Machine(2, None, ("float32", "mixed_bfloat16"))
    recipe, said = chosen(machine=machine)
    assert recipe.precision == "mixed_bfloat16"
    assert "float32 0.50 s, mixed_bfloat16 0.25 s" in said["precision"].reason
    assert chosen(machine=machine, asked=("precision=float32",))[0].precision == "float32"


def test_an_hour_gives_what_serves_and_few_minutes_what_fits():
    recipe, said = chosen()
    assert recipe.schedule.epochs == 36  # 900 steps of 25 an epoch
    assert recipe.schedule.warmup_length == pytest.approx(3.6)
    assert chosen(asked=["start.weights=null"])[0].schedule.epochs == 60  # from nothing: 1500 steps
    assert "thrift" not in said
    assert recipe.stop.max_minutes == 60
    # 25 steps and 5 looks of a third, and 480 clips read: (26.67 * 0.5 + 9.6) s an epoch; 30 epochs take 11.5 minutes.
    assert chosen(minutes=9)[1]["thrift"].settings["clip.frames"] == 16
    less = chosen(minutes=1)[0]
    assert less.clip.frames == 8
    assert less.schedule.epochs == pytest.approx(60 * budget.SPARE / (26.67 * 0.5 * 0.25 * 0.64 + 9.6), abs=1)


def test_a_budget_of_less_than_an_epoch_is_refused():
    with pytest.raises(ValueError, match=r"One epoch must fit into --minutes=0.1: it takes about"):
        chosen(minutes=0.1)


def test_time_until_the_first_step_counts():
    assert chosen(minutes=2, start=60)[0].schedule.epochs < chosen(minutes=2)[0].schedule.epochs


def test_many_videos_with_a_gpu_get_the_large_recipe_if_there_is_time_for_it():
    gpu = Machine(16, "one", ("float32", "mixed_bfloat16"))
    recipe, said = chosen(machine=gpu, step=0.001, read=0.001, videos=5000, minutes=600)
    assert (recipe.model.name, recipe.clip.frames, recipe.optimizer.name) == ("r3d_18", 16, "sgd")
    assert recipe.schedule.epochs == 30
    assert "motion" not in recipe.model.options
    recipe, said = chosen(machine=gpu, step=0.01, read=0.001, videos=5000, minutes=60)
    assert recipe.model.name == "plain3d_5"
    assert "30 epochs of recipe default would take" in said["network"].reason


def test_what_users_set_stands_and_is_gone_by():
    recipe, said = chosen(asked=("clip.frames=8", "optimizer.rate=0.1", "schedule.epochs=3"))
    assert (recipe.clip.frames, recipe.optimizer.rate, recipe.schedule.epochs) == (8, 0.1, 3)
    assert "as asked, clip.frames=8" in str(said["sampling"])
    assert recipe.schedule.warmup_length == pytest.approx(0.3)
    whole = chosen(asked=("clip=torchvision_112",))[0].clip
    assert (whole.frames, whole.height, whole.sampling) == (16, 112, "dense")


def test_validation_is_the_parts_that_there_are():
    assert "80 videos of other groups than the 20 trained on" in str(chosen()[1]["validation"])
    assert "told by: column" in chosen()[1]["validation"].reason
    assert "own part 'val'" in chosen(splits=("train", "val"))[1]["validation"].reason
    recipe, said = chosen(held=0, splits=("test", "train"))
    assert "the part 'test', once, at the end" in said["validation"].reason
    assert recipe.stop.monitor == "loss"


def test_few_videos_get_what_was_found_to_serve_them():
    recipe, _ = chosen()
    assert (recipe.data.temporal_crop, recipe.data.cache, recipe.data.warp.rotation) == (0.25, "auto", 6)
    asked = recipe.optimizer
    assert (asked.name, asked.rate, asked.beta_2, asked.weight_decay) == ("adamw", 0.002, 0.99, 0.05)
    assert (asked.clip_norm, asked.ema, asked.ema_ramp) == (5, 0.99, True)
    assert chosen(seconds=Spread(20, 60, 300), frames=Spread(500, 1800, 9000))[0].data.temporal_crop == 0


def test_several_labels_a_video_get_sigmoids():
    recipe, _ = chosen(multi_label=True)
    assert recipe.loss.multi_label
    assert recipe.loss.label_smoothing == 0


def test_every_reason_is_one_line():
    for choice in chosen()[1].values():
        assert "\n" not in str(choice)
        assert len(str(choice)) < 200


def test_rungs_are_in_order_of_their_work():
    work = [side * side * parts for side, parts in rungs.RUNGS]
    assert work == sorted(work, reverse=True)


def test_a_network_of_another_width_or_sight_starts_from_nothing():
    assert chosen()[0].start.weights == "figures"
    assert chosen(asked=("model.options.width=0.5",))[0].start.weights is None
    assert chosen(asked=("model.options.motion=difference",))[0].start.weights is None
    assert chosen(still=0.9, moving=0.1)[0].start.weights is None


def test_a_batch_that_will_not_fit_is_made_smaller_before_anything_is_measured():
    recipe, said = chosen(fits=4)
    assert (recipe.data.batch_size, recipe.optimizer.accumulate) == (4, 4)
    assert str(said["room"]) == ("room         4 clips a step, 4 steps an update: "
                                 "a step of 16 would need about 16 GB, and 3 GB are free")
    assert recipe.schedule.epochs == chosen()[0].schedule.epochs  # as many updates of as many clips
    recipe, said = chosen(fits=0)
    assert (recipe.data.batch_size, recipe.optimizer.accumulate) == (1, 16)
    assert "too few for a single clip" in said["room"].reason
    assert "room" not in chosen(fits=16)[1]
    assert "room" not in chosen(fits=4, asked=["data.batch_size=16"])[1]
    assert chosen(fits=4, videos=12, held=0)[0].data.batch_size == 3


def test_a_large_network_is_timed_with_the_batch_that_fits():
    timed = []
    asked = case(machine=Machine(2, "a card"), minutes=6000, videos=4000, fits=2, step=0.01)
    watched = dataclasses.replace(asked, timing=lambda recipe: (timed.append(recipe.data.batch_size),
                                                                asked.timing(recipe))[1])
    recipe = watched.recipe(choose(watched, RULES))
    assert (recipe.model.name, set(timed)) == ("r3d_18", {2})
    assert recipe.optimizer.accumulate == rungs.large()["data.batch_size"] // 2
