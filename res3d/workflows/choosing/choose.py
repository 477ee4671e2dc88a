"""A recipe chosen for these videos and this machine."""

import time

from absl import logging

from res3d.choosing import budget, rungs
from res3d.choosing.choice import Case, choose
from res3d.choosing.fitting import fitted
from res3d.choosing.rules import RULES
from res3d.quiet import logged_from
from res3d.terminal.progress import steps
from res3d.training.recipe import Recipe, with_settings
from res3d.training.workfolder import WorkFolder
from res3d.workflows.choosing.looking import look
from res3d.workflows.choosing.measuring import Measured, room_for, this_machine
from res3d.workflows.training_data import split_videos

MINUTES = 60.0
SECONDS = {"looking at videos": 10.0, "measuring": 30.0}  # as a rule
ENOUGH = 10.0  # minutes from which it is worth a part of them to ask linear classifiers


def recipe_for(data, workdir, minutes=None, settings=(), overwrite=False, **lists):
    """The recipe of the run in a work folder, or one chosen for a new run.

    Args:
        data: folder, manifest, annotation file or prepared folder.
        workdir: folder. A run in it goes on with its own recipe, whatever would be chosen today.
        minutes: float or None. What the run may take; None is an hour, or as the run in the folder has it.
        settings: "field=value", which stand whatever is chosen.
        overwrite: bool. Whether a run in the folder is to be begun anew.
        lists: `videos`, `format`, `fold`, `group` and `folds`, as `split_videos` takes them.

    Returns:
        (`Recipe`, list of lines that say what was chosen and why).
    """
    folder = WorkFolder(workdir)
    if folder.recipe_file.is_file() and not overwrite:
        settings = [*settings, *([] if minutes is None else [f"stop.max_minutes={minutes}"])]
        recipe = Recipe.from_mapping(with_settings(folder.recipe.to_mapping(), settings))
        return recipe, folder.run.get("chosen", []) if folder.run_file.is_file() else []
    recipe, choices = choose_recipe(data, MINUTES if minutes is None else minutes, settings, **lists)
    return recipe, [str(choice) for choice in choices]


def choose_recipe(data, minutes=MINUTES, settings=(), **lists):
    """(`Recipe`, list of `Choice`) for `data`; the arguments are those of `recipe_for`.

    Raises:
        ValueError: for minutes in which not one epoch can be trained, or data that cannot be trained on.
    """
    with steps("choosing a recipe", SECONDS) as begin:
        case = case_of(data, minutes, settings, begin, **lists)
        choices = choose(case, RULES)
    return case.recipe(choices), choices


def case_of(data, minutes, settings, progress, **lists):
    """The `Case` that the rules are asked about; `progress` is called with the name of each step of `SECONDS`."""
    if not minutes > 0:
        raise ValueError(f"`--minutes` must be a positive number. Received: {minutes:g}.")
    end = time.monotonic() + 60 * minutes
    asked = tuple(settings)
    base = Recipe.from_mapping(with_settings({}, asked))
    with logged_from(logging.ERROR):  # training says it again
        progress("looking at videos")
        split = split_videos(base, data, **lists)
        facts = look(split, lists.get("group"), base.data.workers, minutes >= ENOUGH)
    logging.info("choosing a recipe for %d videos of %d classes", facts.videos, len(facts.classes))
    progress("measuring")
    timing = Measured(split.training, facts, base.data.workers)
    return Case(facts, this_machine(), minutes, timing, lambda: (end - time.monotonic()) / 60,
                lambda recipe: room_for(recipe, len(facts.classes)), asked)


def compare(data, minutes=MINUTES, settings=(), **lists):
    """What would be chosen, and what else there is to choose from; the arguments are those of `recipe_for`.

    Returns:
        (`Recipe`, list of `Choice`, list of dicts: `network`, `clip`, `step_seconds`, `epoch_seconds`, `fits`, `serves`
        and `chosen`, one a candidate).
    """
    with steps("choosing a recipe", SECONDS | {"comparing": 60.0}) as begin:
        case = case_of(data, minutes, settings, begin, **lists)
        choices = choose(case, RULES)
        begin("comparing")
        recipe = case.recipe(choices)
        return recipe, choices, _candidates(case, recipe)


def _candidates(case, recipe):
    rows = []
    for other in rungs.candidates(case, recipe):
        other = case.changed(other, fitted(case, other)[0])
        within = budget.budget_of(case, other)
        rows.append({"network": other.model.name, "clip": list(other.clip.shape[:3]),
                     "step_seconds": case.timing(other).step, "epoch_seconds": 60 * within.epoch_minutes,
                     "fits": within.fits,
                     "serves": rungs.large()["schedule.epochs"] if rungs.is_large(other) else within.serves,
                     "chosen": (other.model.name, other.clip) == (recipe.model.name, recipe.clip)})
    return rows
