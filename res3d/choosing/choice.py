"""A choice with its reason, and the rules asked one after the other until a recipe is whole."""

import dataclasses
from collections.abc import Callable

from res3d.choosing.facts import DataFacts, Machine, Room, Timing
from res3d.training.recipe import Recipe, with_settings


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a rule chose.

    Attributes:
        about: str. What was to be chosen, in a word.
        what: str. What was chosen, in a few.
        reason: str. Why.
        settings: dict {dotted field of a recipe: value}.
    """

    about: str
    what: str
    reason: str
    settings: dict = dataclasses.field(default_factory=dict)

    def __str__(self):
        return f"{self.about:<12} {self.what}: {self.reason}"


@dataclasses.dataclass(frozen=True)
class Case:
    """What the rules are asked about.

    Attributes:
        data: `DataFacts`.
        machine: `Machine`.
        minutes: float. What choosing and training may take.
        timing: function of a `Recipe` -> `Timing`, measured here.
        left: function -> float. Minutes left now.
        room: function of a `Recipe` -> `Room`, or None where nothing is known of the memory.
        asked: tuple of "field=value". What the user has settled; no rule has a say in it.
    """

    data: DataFacts
    machine: Machine
    minutes: float
    timing: Callable[[Recipe], Timing]
    left: Callable[[], float]
    room: Callable[[Recipe], Room | None] = lambda recipe: None
    asked: tuple[str, ...] = ()

    def recipe(self, choices) -> Recipe:
        """The recipe of choices, and of what the user asked for instead."""
        mapping: dict = {}
        for choice in choices:
            self._put(mapping, choice.settings)
        return Recipe.from_mapping(with_settings(mapping, self.asked))

    def changed(self, recipe, settings) -> Recipe:
        """`recipe` with other fields, {dotted place: value}, but for those that the user has set."""
        mapping = recipe.to_mapping()
        self._put(mapping, settings)
        return Recipe.from_mapping(mapping)

    def _put(self, mapping, settings):
        """Settings into a mapping of groups, but for those that the user has set."""
        for place, value in settings.items():
            if self.settled(place):
                continue
            *groups, name = place.split(".")
            group = mapping
            for key in groups:
                group = group.setdefault(key, {})
            group[name] = value

    def settled(self, place) -> bool:
        """Whether the user has set a field, or the group it is in."""
        names = [setting.partition("=")[0].strip() for setting in self.asked]
        return any(place == name or place.startswith(f"{name}.") for name in names)


def choose(case, rules):
    """`Choice` of each rule in turn; a rule sees the recipe that those before it made.

    Args:
        case: `Case`.
        rules: functions of (case, recipe) -> `Choice` or None, where there is nothing to choose.
    """
    found: list[Choice] = []
    for rule in rules:
        choice = rule(case, case.recipe(found))
        if choice is not None:
            found.append(_overruled(case, choice))
    return found


def _overruled(case, choice):
    """The choice with what the user asked for instead said in its line."""
    asked = [setting for setting in case.asked if setting.partition("=")[0].strip() in choice.settings]
    if not asked:
        return choice
    return dataclasses.replace(choice, reason=f"{choice.reason}; but as asked, {', '.join(asked)}")
