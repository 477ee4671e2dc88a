"""One published checkpoint: where it is, what network it holds, and what it was trained and tested with."""

import dataclasses

from res3d.geometry import ClipSpec
from res3d.geometry.scalings import SCALINGS
from res3d.weights.catalogue.labels import names_of

NOT_FOR_ALL = ("CC-BY-NC-4.0",)  # licences that are accepted by name before a file is fetched


@dataclasses.dataclass(frozen=True)
class Published:
    """A row of the table of published checkpoints.

    Attributes:
        network: str. A name that `res3d.build` takes.
        source, tag: str. Who publishes it, and what it was trained on; with the network they are its name.
        address: str. Where the file itself is.
        digest: str. SHA-256 or its first 8 figures, SHA-1 or MD5; "" where none is published.
        classes: int. Outputs of its classifier.
        clip: ClipSpec it was trained with.
        labels: tuple of str in the order of its outputs, or None where that is not known here.
        label_list: str. The name of the list, "" where the order is not known at all.
        multi_label: bool. Several labels a clip: its scores are sigmoids.
        metric, top1, top5, protocol: what was published about its quality; None and "" where nothing was.
        licence: str. An SPDX identifier, or "".
        megabytes: float or None. Its size where that is published.
    """

    network: str
    source: str
    tag: str
    address: str
    classes: int
    clip: ClipSpec
    digest: str = ""
    labels: tuple[str, ...] | None = None
    label_list: str = ""
    multi_label: bool = False
    metric: str = ""
    top1: float | None = None
    top5: float | None = None
    protocol: str = ""
    licence: str = ""
    megabytes: float | None = None

    @property
    def name(self) -> str:
        """NETWORK/SOURCE/TAG, which no other row has."""
        return f"{self.network}/{self.source}/{self.tag}"

    @property
    def needs_consent(self) -> bool:
        """Whether its licence is one that not everybody may use, and must be accepted by name."""
        return self.licence in NOT_FOR_ALL


def read_row(fields: dict[str, str]) -> Published:
    """A `Published` of a line of `weights.csv`.

    Raises:
        ValueError, KeyError: for what is no row.
    """
    return Published(fields["network"], fields["source"], fields["tag"], fields["address"], int(fields["classes"]),
                     ClipSpec(**changed_clip(fields)), fields["digest"], names_of(fields["labels"]), fields["labels"],
                     fields["multi_label"] == "yes", fields["metric"], number(fields["top1"]), number(fields["top5"]),
                     fields["protocol"], fields["licence"], number(fields["megabytes"]))


def changed_clip(fields):
    """The fields of a ClipSpec that a line of a table gives; empty columns give none."""
    given = {name: value for name, value in fields.items() if value}
    found = {name: int(given[name]) for name in ("frames", "stride") if name in given}
    found |= {name: given[name] for name in ("channel_order", "sampling") if name in given}
    if "fps" in given:
        found["fps"] = float(given["fps"])
    if "size" in given:
        found |= {"height": int(given["size"]), "width": int(given["size"])}
    if "resize" in given:
        sides = [int(side) for side in given["resize"].split("x")]
        found["resize"] = (sides[0], sides[1]) if len(sides) == 2 else sides[0]
    if "scaling" in given:
        if given["scaling"] not in SCALINGS:
            raise ValueError(f"`scaling` must be one of {', '.join(SCALINGS)}. Received: {given['scaling']!r}.")
        found |= SCALINGS[given["scaling"]]
    return found


def number(text):
    """A text as a float; None for an empty one."""
    return float(text) if text else None
