"""The rules of `--recipe=auto`: from facts and measured times to the fields of a recipe, each with its reason.

A rule is a function of (`Case`, the recipe so far) that gives a `Choice`, or None where there is nothing to choose;
RULES is their order. What users set themselves stands, and rules that come later go by it. The figures that rules go by
are named here, in `budget` and in `rungs`.
"""

import dataclasses
import math

from res3d.choosing import budget, rungs
from res3d.choosing.choice import Choice
from res3d.choosing.fitting import fitted

SHORT = 10.0  # seconds: a video up to this long shows one action from its beginning to its end
FEWER = (16, 8)  # frames of a clip where videos have fewer
WINDOW = 4.0  # seconds that a clip of a longer video covers
FRAMES = 32  # of such a clip
UNEVEN = 1.25  # widths by height that differ by this factor are of several shapes
MARGIN = 0.1  # by which one frame must beat differences for appearance to be the better sight
BATCH = 16
CROPPED = 0.25  # of a video, at the most, that is left out before it is cut into parts
WARP = {"scale": 0.2, "aspect": 0.1, "rotation": 6.0, "shear": 0.1, "shift": 0.12}
TO_CHOOSE = 0.7  # of the minutes must be left where another thing is measured
WEIGHTS = {"plain3d_5": ("figures", ["difference", "background"])}  # {network: (weights to start from, their sight)}


def network(case, recipe):
    """A small network, unless there are videos for a large one and time for its epochs."""
    videos, many = case.data.videos, rungs.MANY[case.machine.gpu is not None]
    if videos < many:
        why = f"{videos} videos; a network of tens of millions of weights is tried from {many} on"
        return Choice("network", rungs.SMALL, why, {"model.name": rungs.SMALL})
    large = rungs.large()
    epochs = large["schedule.epochs"]
    recipe = case.recipe([Choice("network", "", "", large)])
    within = budget.budget_of(case, case.changed(recipe, fitted(case, recipe)[0]))
    if within.fits < epochs:
        why = f"the {epochs} epochs of recipe {rungs.LARGE} would take {epochs * within.epoch_minutes:.0f} minutes"
        return Choice("network", rungs.SMALL, why, {"model.name": rungs.SMALL})
    return Choice("network", f"{large['model.name']}, fed and trained as recipe {rungs.LARGE}",
                  f"{videos} videos, and time for its {epochs} epochs", large)


def weights(case, recipe):
    """Weights to start from, where the package has some for the network and what it sees."""
    name, channels = WEIGHTS.get(recipe.model.name, (None, None))
    options = recipe.model.options
    motion = options.get("motion")
    if name is None or not isinstance(motion, dict) or motion.get("channels") != channels or set(options) - {"motion"}:
        return None  # another width, too, has other weights
    return Choice("start", f"weights '{name}'", "learnt of generated figures: it knows what limbs do",
                  {"start.weights": name})


def sampling(case, recipe):
    """One frame of each part of a short video; a window of a long one."""
    if rungs.is_large(recipe):
        return None
    data = case.data
    if data.seconds.middle <= SHORT:
        parts = next((parts for parts in (rungs.PARTS, *FEWER) if parts <= data.frames.low), FEWER[-1])
        return Choice("sampling", f"{parts} frames, one of each part of the whole video",
                      f"videos last {data.seconds.low:.1f} to {data.seconds.high:.1f} s: an action and little else",
                      {"clip.sampling": "segments", "clip.frames": parts})
    mixed = data.fps.high > UNEVEN * data.fps.low
    stride = max(round(WINDOW * data.fps.middle / FRAMES), 1)
    why = f"videos last {data.seconds.middle:.0f} s, of which a clip shows {WINDOW:g}"
    why += f"; rates differ, so all are read at {data.fps.middle:.3g} fps" if mixed else ""
    return Choice("sampling", f"{FRAMES} frames, stride {stride}", why,
                  {"clip.sampling": "dense", "clip.frames": FRAMES, "clip.stride": stride,
                   "clip.fps": round(data.fps.middle, 3) if mixed else None})


def size(case, recipe):
    """The whole frame, small, in the shape that videos have."""
    if rungs.is_large(recipe):
        return None
    aspect, side = case.data.aspect, rungs.SIDE
    if aspect.high > UNEVEN * aspect.low:
        return Choice("size", f"{side}x{side}, the middle of a frame",
                      f"shapes differ, from {aspect.low:.2f} to {aspect.high:.2f} wide by high",
                      {"clip.height": side, "clip.width": side, "clip.resize": side})
    height, width = rungs.fours(side / min(aspect.middle, 1)), rungs.fours(side * max(aspect.middle, 1))
    return Choice("size", f"{height}x{width}, the whole frame", f"frames are {aspect.middle:.2f} wide by high",
                  {"clip.height": height, "clip.width": width, "clip.resize": [height, width]})


def sight(case, recipe):
    """Motion alone, or colors as well where one frame tells more than differences do."""
    if rungs.is_large(recipe):
        return None
    still, moving = case.data.still, case.data.moving
    motion = {"model.options": {"motion": {"channels": ["difference", "background"], "random_sign": True}}}
    if still is None or moving is None:
        return Choice("sight", "motion", "what moves is the same in every scene", motion)
    told = (f"of groups unseen, a linear classifier knows {100 * moving:.0f} % by frame differences and "
            f"{100 * still:.0f} % by one frame")
    if still <= moving + MARGIN:
        return Choice("sight", "motion", told, motion)
    return Choice("sight", "colors beside motion", told,
                  {"model.options": {"motion": {"channels": ["color", "difference"]}}})


def batch(case, recipe):
    """Sixteen clips a step, or fewer of few videos."""
    if rungs.is_large(recipe):
        return None
    count = min(BATCH, max(case.data.videos // 4, 1))
    why = "the usual one of this network" if count == BATCH else f"only {case.data.videos} videos"
    return Choice("batch", f"{count} clips", why, {"data.batch_size": count})


def room(case, recipe):
    """Fewer clips a step, and as many an update, where the batch would not fit into memory."""
    settings, found = fitted(case, recipe)
    if not settings:
        return None
    clips, parts = settings["data.batch_size"], settings["optimizer.accumulate"]
    why = (f"a step of {recipe.data.batch_size} would need about {found.needed / 1e9:.2g} GB, "
           f"and {found.free / 1e9:.2g} GB are free")
    if not found.fits:
        why += ", too few for a single clip as estimated"
    return Choice("room", f"{clips} clips a step, {parts} steps an update", why, settings)


def optimizer(case, recipe):
    """AdamW with averaged weights, which learns in some hundreds of steps."""
    if rungs.is_large(recipe):
        return None
    warmup = {} if case.settled("schedule.warmup_epochs") else {"schedule.warmup_share": 0.1}
    return Choice("optimizer", "AdamW at 0.002, weights averaged", "to learn in some hundreds of steps",
                  {**warmup, "optimizer.name": "adamw", "optimizer.rate": 2e-3, "optimizer.beta_2": 0.99,
                   "optimizer.weight_decay": 0.05, "optimizer.clip_norm": 5.0, "optimizer.ema": 0.99,
                   "optimizer.ema_ramp": True, "schedule.decay": "cosine"})


def labels(case, recipe):
    """One softmax, smoothed, or a sigmoid a class."""
    if case.data.multi_label:
        return Choice("labels", "one sigmoid a class", "videos have several labels", {"loss.multi_label": True})
    if rungs.is_large(recipe):
        return None
    return Choice("labels", "smoothed by 0.1, dropout 0.3", "few videos are soon known by heart",
                  {"loss.label_smoothing": 0.1, "model.dropout": 0.3})


def changes(case, recipe):
    """Clips of another place, size and slant, mirrored where a mirror leaves the label."""
    sided = case.data.sided
    what, settings = "place and size", {"data.flip": not sided}
    if not rungs.is_large(recipe):
        what, settings = "place, size and slant", {**settings, "data.warp": WARP}
    if recipe.clip.in_segments:
        settings["data.temporal_crop"] = CROPPED
    if not sided:
        return Choice("changes", f"{what}, mirrored", "no class is named after a side", settings)
    named = ", ".join(map(repr, sided[:3])) + (", ..." if len(sided) > 3 else "")
    return Choice("changes", f"{what}, never mirrored", f"a mirror would change {named}", settings)


def cache(case, recipe):
    """Decoded frames kept, where clips are so small that videos would be decoded again and again for them."""
    if rungs.is_large(recipe):
        return None
    return Choice("frames", "kept once decoded, where there is room", "decoding takes longer than learning from them",
                  {"data.cache": "auto"})


def validation(case, recipe):
    """Groups that are not trained on, unless the data set has a part of its own."""
    data = case.data
    if data.held and recipe.data.validation_split in data.splits:
        return Choice("validation", f"{data.held} videos", f"the data set's own part '{recipe.data.validation_split}'")
    if data.held:
        return Choice("validation", f"{data.held} videos of other groups than the {data.groups} trained on",
                      f"what belongs together stays on one side; told by: {data.grouped_by}")
    others = [name for name in data.splits if name != "train"]
    why = f"`res3d evaluate` tells of the part '{others[0]}', once, at the end" if others else "nothing is held out"
    return Choice("validation", "none while training", f"all {data.groups} groups are trained on; {why}",
                  {"stop.monitor": "loss"})


def precision(case, recipe):
    """Half precision where its step is quicker."""
    if case.settled("precision"):
        return None
    timings: dict[str, float] = {}
    for name in case.machine.precisions:
        if not timings or case.left() > case.minutes * TO_CHOOSE:
            timings[name] = case.timing(case.changed(recipe, {"precision": name})).step
    best = min(timings, key=lambda name: timings[name])
    told = ", ".join(f"{name} {step:.2f} s" for name, step in timings.items())
    return Choice("precision", best, f"a step, measured: {told}", {"precision": best})


def thrift(case, recipe):
    """Smaller clips where the minutes would be too short for the larger."""
    if rungs.is_large(recipe):
        return None
    timing, found = case.timing(recipe), None
    within = budget.budget_of(case, recipe, timing)
    for side, parts in rungs.RUNGS[1:]:
        if within.fits >= within.least:
            break
        other = case.changed(recipe, rungs.smaller(recipe, side, parts))
        share = rungs.work(other) / rungs.work(recipe)  # not measured: each would take from the minutes
        if share < 1:
            within, found = budget.budget_of(case, other, dataclasses.replace(timing, step=share * timing.step)), other
    if found is None:
        return None
    clip = found.clip
    resize = clip.resize if isinstance(clip.resize, int) else list(clip.resize)
    return Choice("thrift", f"{clip.frames} frames of {clip.height}x{clip.width}",
                  f"there is time for about {within.fits} epochs of these, and for fewer of larger ones",
                  {"clip.frames": clip.frames, "clip.height": clip.height, "clip.width": clip.width,
                   "clip.resize": resize, "clip.stride": clip.stride})


def length(case, recipe):
    """As many epochs as serve, within the minutes."""
    within = budget.budget_of(case, recipe)
    if not within.fits:
        gone = case.minutes - case.left()
        raise ValueError(f"One epoch must fit into --minutes={case.minutes:.3g}: it takes about "
                         f"{within.epoch_minutes / budget.SPARE:.2g} here, and choosing took {gone:.2g}. Give more.")
    large = rungs.is_large(recipe)
    epochs = min(within.fits, recipe.schedule.epochs if large else within.serves)
    if case.settled("schedule.epochs"):
        epochs = recipe.schedule.epochs
    why = f"{within.steps} steps each, in {60 * within.epoch_minutes:.2g} s as measured"
    if epochs < within.least and not large:
        why += f"; {within.least} would serve better: give more --minutes"
    settings = {"schedule.epochs": epochs, "stop.max_minutes": round(max(case.left(), 0.01), 2)}
    return Choice("epochs", f"{epochs}, about {math.ceil(epochs * within.epoch_minutes)} minutes", why, settings)


RULES = (network, sampling, size, sight, weights, labels, changes, cache, validation, batch, room, optimizer,
         precision, thrift, length)
