"""A recipe: everything that decides a training run, typed, checked, and written beside its result."""

import dataclasses
import difflib
import functools
import os
import pathlib
from collections.abc import Iterable

import yaml

from res3d.geometry import ClipSpec, preset
from res3d.training import fields
from res3d.training.checks.domains import check_domains
from res3d.training.checks.pairs import check_pairs
from res3d.training.multigrid.cycles import Cycles
from res3d.training.multigrid.group import Multigrid

RECIPES = pathlib.Path(__file__).resolve().parent.parent / "recipes"


def read_clip(written):
    """A ClipSpec from a preset's name, or from fields on top of `preset` when one is named."""
    changes = {"preset": written} if isinstance(written, str) else dict(written or {})
    base = preset(changes.pop("preset")) if changes.get("preset") is not None else ClipSpec()
    changes.pop("preset", None)
    known = [field.name for field in dataclasses.fields(ClipSpec)]
    for key in changes:
        if key not in known:
            raise ValueError(fields.unknown(f"clip.{key}", key, ["preset", *known]))
    if base.in_segments and changes.get("sampling") == "dense" and "stride" not in changes:
        raise ValueError("`clip.stride` must be given with clip.sampling='dense' where the preset takes segments, "
                         "which have none. Received: no clip.stride.")
    return base.replace(**{k: tuple(v) if isinstance(v, list) else v for k, v in changes.items()})


@dataclasses.dataclass(frozen=True)
class ModelFields:
    """Which network; `options` go to `res3d.build` as they are.

    `recompute_blocks` has residual blocks keep their input alone and compute the rest again for the backward pass:
    about a forward pass more of time, for larger batches in the same memory.
    """

    name: str = "r3d_18"
    dropout: float | None = None
    recompute_blocks: bool = False
    options: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Warp:
    """How far clips are scaled, stretched, turned (degrees), sheared and moved, as `pipelines.augment.random_warp`."""

    scale: float = 0.0
    aspect: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    shift: float = 0.0


@dataclasses.dataclass(frozen=True)
class Data:
    """How clips are fed; `batch_size` counts clips in one step over all devices.

    `balanced` gives every class equally often, and in it every group. `temporal_crop` is the fraction of a video that
    may be left out, at random, before the rest is cut into the parts of a clip of segments. `rand_augment` is how many
    operations at which magnitude, as [2, 9]. `cache` is where decoded frames are kept: "memory", "disk", "auto" or
    nowhere.
    """

    batch_size: int = 8
    clips_per_video: int = 1
    validation_split: str = "val"
    validation_fraction: float = 0.2
    augment: bool = True
    flip: bool = True
    scale: tuple[float, ...] = ()
    temporal_crop: float = 0.0
    warp: Warp = dataclasses.field(default_factory=Warp)
    rand_augment: tuple[float, ...] = ()
    mixup: float = 0.0
    cutmix: float = 0.0
    balanced: bool = False
    workers: int | None = None
    cache: str | None = None


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """SGD with Nesterov momentum or AdamW; `rate` holds for `reference_batch` clips and scales with the real batch.

    `ema` is the share of themselves that averaged weights keep; `ema_ramp` lets them keep less at first, for runs of
    few steps. `precise_norm` is of how many training batches the statistics of batch norm are taken anew, for the
    weights that are validated and kept; 0 leaves the running ones. `synchronized_norm` takes the moments of batch norm
    over the clips of all devices of a host, and not over those of each.
    """

    name: str = "sgd"
    rate: float = 0.01
    reference_batch: int | None = None
    momentum: float = 0.9
    nesterov: bool = True
    beta_2: float = 0.999
    weight_decay: float = 1e-4
    clip_norm: float | None = None
    accumulate: int = 1
    ema: float | None = None
    ema_ramp: bool = False
    precise_norm: int = 0
    synchronized_norm: bool = False
    backbone_rate: float = 1.0


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Epochs, a linear warm-up from `warmup_from` x rate, then "cosine", "step" or "constant".

    The warm-up lasts `warmup_epochs`, or `warmup_share` of all epochs.
    """

    epochs: int = 30
    warmup_epochs: float = 0.0
    warmup_share: float = 0.0
    warmup_from: float = 0.1
    decay: str = "cosine"
    final: float = 0.0
    steps: tuple[float, ...] = ()
    factor: float = 0.1

    @property
    def warmup_length(self) -> float:
        """Epochs of the warm-up, whichever way they are given."""
        return self.warmup_epochs or self.warmup_share * self.epochs


@dataclasses.dataclass(frozen=True)
class Loss:
    """Cross-entropy over classes, or one sigmoid a class when `multi_label`.

    `class_weight` "balanced" lets all classes count alike, whatever their number of videos.
    """

    label_smoothing: float = 0.0
    multi_label: bool = False
    class_weight: str | None = None


@dataclasses.dataclass(frozen=True)
class Spans:
    """For task "spans": the head of dilated convolutions, and which windows of long videos are trained on.

    `background` is the share of windows without anything in them that stays, `density` how many windows there are in an
    epoch to those that cover each video once, `foreground_weight` the weight of steps at which something happens,
    `dilation_seconds` how long an instant counts on each side, `mixup` the blending of windows step by step.
    `alarms_per_hour` is what the threshold for people is chosen for, on the videos held out.
    """

    filters: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    dropout: float = 0.0
    background: float = 0.5
    density: float = 1.0
    foreground_weight: float = 1.0
    dilation_seconds: float = 0.0
    mixup: float = 0.0
    alarms_per_hour: float = 10.0


@dataclasses.dataclass(frozen=True)
class Start:
    """Where the weights come from and what stays as it is; `freeze` names the last stage that does not train."""

    weights: str | None = None
    freeze: str | None = None
    freeze_batch_norm: bool = False


@dataclasses.dataclass(frozen=True)
class Stop:
    """When to end early: epochs without a better `monitor`, or minutes of wall time."""

    monitor: str = "auto"
    patience: int | None = None
    max_minutes: float | None = None


@dataclasses.dataclass(frozen=True)
class Recipe:
    """All that decides a run.

    Args:
        model, clip, data, optimizer, schedule, multigrid, loss, spans, start, stop: groups of fields; the page of
            recipes has them all.
        seed: int. Of weights, order and augmentation.
        precision: str. A dtype policy of Keras.
        xla: bool. Whether steps are compiled by XLA.
        protocol: str. The evaluation protocol of the validation videos.
        task: str. "clips", what a video shows, or "spans", when something happens in a long one.

    Raises:
        ValueError: for a field out of its domain; the message names the field and what arrived.

    >>> Recipe.from_mapping({"model": {"name": "r3d_10"}, "clip": {"frames": 8}}).clip.frames
    8
    """

    model: ModelFields = dataclasses.field(default_factory=ModelFields)
    clip: ClipSpec = dataclasses.field(default_factory=ClipSpec)
    data: Data = dataclasses.field(default_factory=Data)
    optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)
    schedule: Schedule = dataclasses.field(default_factory=Schedule)
    multigrid: Multigrid = dataclasses.field(default_factory=Multigrid)
    loss: Loss = dataclasses.field(default_factory=Loss)
    spans: Spans = dataclasses.field(default_factory=Spans)
    start: Start = dataclasses.field(default_factory=Start)
    stop: Stop = dataclasses.field(default_factory=Stop)
    seed: int = 0
    precision: str = "float32"
    xla: bool = False
    protocol: str = "centre"
    task: str = "clips"

    def __post_init__(self):
        check_domains(self)
        check_pairs(self)

    @functools.cached_property
    def cycles(self) -> Cycles | None:
        """What multigrid training does in each epoch, or None where all batches are alike."""
        return Cycles(self) if self.multigrid.long or self.multigrid.short else None

    @property
    def epochs(self) -> int:
        """How many epochs a run has: those of the schedule, or more of them with multigrid training."""
        return self.schedule.epochs if self.cycles is None else self.cycles.epochs

    @classmethod
    def from_mapping(cls, mapping: dict) -> "Recipe":
        """From nested mappings, as YAML gives them."""
        return fields.from_mapping(cls, mapping, readers={ClipSpec: read_clip})

    def to_mapping(self) -> dict:
        """Nested plain values; `from_mapping` reads them back to an equal recipe."""
        return fields.to_mapping(self)

    def to_yaml(self, why: Iterable[str] = ()) -> str:
        """The whole recipe as YAML, every field spelt out; lines that say why it is so stand above it."""
        text = yaml.safe_dump(self.to_mapping(), sort_keys=False, default_flow_style=None, width=100)
        return "".join(f"# {line}\n" for line in why) + text


def find_recipe(name: str | os.PathLike, settings: Iterable[str] = ()) -> Recipe:
    """The recipe called `name`, or the one in the file `name`, with `"a.b=c"` settings applied.

    Raises:
        ValueError: for an unknown name (the nearest are offered), a file that is no YAML, a field that is not one.

    >>> find_recipe("demo", ["schedule.epochs=2"]).schedule.epochs
    2
    """
    path = pathlib.Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = RECIPES / f"{name}.yaml"
        if name == "auto":
            raise ValueError("The recipe 'auto' is chosen for videos and a machine, by `res3d train` and `res3d bench "
                             "choose`, which writes it to a file. Received its name where a recipe is read.")
        if not path.is_file():
            names = list_recipes()
            near = difflib.get_close_matches(name, names, 2)
            raise ValueError(f"A recipe is a .yaml file or one of {', '.join(names)}. Received: {name!r}."
                             + (f" Did you mean {' or '.join(near)}?" if near else ""))
    if not path.is_file():
        raise ValueError(f"A recipe must be a .yaml file that is there. Received: {os.fspath(path)!r}.")
    try:
        mapping = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"Cannot read the recipe '{path}' as YAML: {error}") from None
    if not isinstance(mapping, dict | None):
        raise ValueError(f"A recipe must hold groups of fields such as model, data, optimizer. Received: {path}.")
    return Recipe.from_mapping(with_settings(mapping or {}, settings))


def with_settings(mapping: dict, settings: Iterable[str]) -> dict:
    """Nested fields of a recipe with `"a.b=c"` settings applied; `clip=NAME` is the whole of a preset.

    >>> with_settings({"clip": {"frames": 8}}, ["clip=torchvision_112", "seed=3"])
    {'clip': {'preset': 'torchvision_112'}, 'seed': 3}
    """
    settings = list(settings)
    presets = [setting.removeprefix("clip=") for setting in settings if setting.startswith("clip=")]
    if presets or isinstance(mapping.get("clip"), str):  # whatever fields the file has
        mapping = {**mapping, "clip": {"preset": presets[-1] if presets else mapping["clip"]}}
    return fields.override(mapping, [setting for setting in settings if not setting.startswith("clip=")])


def list_recipes():
    """Names of the recipes in the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))
