"""Where the weights of a model in memory come from, and what was published about them."""

import dataclasses
import weakref

import keras

from res3d.geometry import ClipSpec
from res3d.weights.catalogue.row import Published

_ORIGINS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where weights come from.

    Attributes:
        name: str. NETWORK/SOURCE/TAG of a published checkpoint, else the path or address.
        network: str. The network that it was made for.
        clip: ClipSpec or None. What it was trained with.
        labels: tuple of str in the order of the model's outputs, or None where that is not known.
        multi_label: bool. Its scores are sigmoids, several labels a clip.
        metric, top1, top5, protocol: what was published about the quality; None and "" where nothing was.
        licence, address, digest: str. "" where not known.
    """

    name: str
    network: str
    clip: ClipSpec | None = None
    labels: tuple[str, ...] | None = None
    multi_label: bool = False
    metric: str = ""
    top1: float | None = None
    top5: float | None = None
    protocol: str = ""
    licence: str = ""
    address: str = ""
    digest: str = ""


def origin_of(model: keras.Model) -> Origin | None:
    """Where the weights of a model in memory come from, or None if `res3d` did not put published ones into it.

    It is not saved with the model: `res3d.save_preset` and exports keep what they need of it.
    """
    return _ORIGINS.get(model)


def remember(model, origin):
    """Notes the origin of a model's weights, for as long as the model lives."""
    _ORIGINS[model] = origin


def origin_from(row: Published, labels=True) -> Origin:
    """The `Origin` of a row of the table; without `labels` where the model has another classifier."""
    kept = {field.name: getattr(row, field.name) for field in dataclasses.fields(Origin)}
    return Origin(**{**kept, "labels": row.labels if labels else None})
