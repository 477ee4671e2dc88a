"""What a recipe can be made of when time is short: networks and clips from the best to the quickest."""

import functools

from res3d.training.recipe import find_recipe

MANY = {False: 20_000, True: 3_000}  # videos, without and with a graphics processor, that many weights learn from
LARGE = "default"  # the recipe for as many
SMALL = "plain3d_5"
SIDE, PARTS = 60, 32  # pixels of the short side; frames of a clip over a whole video
RUNGS = ((SIDE, PARTS), (SIDE, 16), (48, 16), (48, 8))  # of the small network


def smaller(recipe, side, parts):
    """Fields that make the clip of `recipe` smaller: `side` pixels for the short side and at most `parts` frames.

    They span what the clip did: of frames at a stride, fewer are further apart.

    >>> from res3d.training.recipe import Recipe
    >>> recipe = Recipe.from_mapping({"clip": {"frames": 32, "height": 60, "width": 80, "resize": [60, 80]}})
    >>> smaller(recipe, 48, 16)
    {'clip.frames': 16, 'clip.height': 48, 'clip.width': 64, 'clip.resize': [48, 64], 'clip.stride': 4}
    """
    clip = recipe.clip
    share = side / min(clip.height, clip.width)
    height, width = fours(clip.height * share), fours(clip.width * share)
    resize = [height, width] if not isinstance(clip.resize, int) else round(clip.resize * share)
    found = {"clip.frames": min(parts, clip.frames), "clip.height": height, "clip.width": width, "clip.resize": resize}
    if not clip.in_segments:
        found["clip.stride"] = max(round(clip.span / min(parts, clip.frames)), 1)
    return found


def work(recipe):
    """Pixels of a clip, which the time of a step is in proportion to."""
    clip = recipe.clip
    return clip.frames * clip.height * clip.width


def fours(pixels):
    """A multiple of four near a number of pixels."""
    return max(round(pixels / 4) * 4, 4)


@functools.cache  # a file, and every rule asks
def _for_many():
    return find_recipe(LARGE)


def large():
    """The fields of the recipe for many videos, dotted."""
    groups = _for_many().to_mapping()
    taken = {group: groups[group] for group in ("model", "clip", "optimizer", "schedule")}
    taken["data"] = {name: groups["data"][name] for name in ("batch_size", "scale", "temporal_crop", "warp")}
    return {f"{group}.{name}": value for group, fields in taken.items() for name, value in fields.items()}


def is_large(recipe):
    """Whether a recipe has the network for many videos."""
    return recipe.model.name == _for_many().model.name


def candidates(case, recipe):
    """Recipes to compare the chosen one with: itself, smaller clips, and the network for many videos."""
    found = [recipe]
    for side, parts in RUNGS:
        other = case.changed(recipe, {} if is_large(recipe) else smaller(recipe, side, parts))
        if other not in found:
            found.append(other)
    return [*found, *([] if is_large(recipe) else [case.changed(recipe, large())])]
