"""What a file for another runtime takes and gives, and what it knows of itself: the same for every kind of file."""

import dataclasses
import json

import numpy as np

from res3d.geometry import ClipSpec

CLIP, SCORES, LOGITS = "clip", "scores", "logits"
KEYS = ("res3d_contract", "res3d_clip", "res3d_labels", "res3d_card")  # of the metadata
VERSION = 1


@dataclasses.dataclass(frozen=True)
class Facts:
    """What lies in a file's metadata, each part as one JSON text.

    Args:
        clip: ClipSpec.
        labels: strings, in the order of the scores.
        card: dict of JSON values, the model card.
        axes: int. Of the graph's tensors, at most: with 4, frames stand on the batch axis.
    """

    clip: ClipSpec
    labels: tuple[str, ...]
    card: dict
    axes: int = 5

    @property
    def multi_label(self):
        """Whether the scores are independent."""
        return bool(self.card.get("multi_label"))

    def to_texts(self):
        """{key of the metadata: JSON text}.

        >>> facts = Facts(ClipSpec(4, 2, height=32, width=32), ("come", "go"), {})
        >>> facts.to_texts()["res3d_contract"]
        '{"version": 1, "clip": "uint8 (batch, 4, 32, 32, 3)", "scores, logits": "float32 (batch, 2)"}'
        """
        sizes = ", ".join(map(str, self.clip.shape))
        contract = {"version": VERSION, CLIP: f"uint8 (batch{', ' if self.axes == 5 else ' * '}{sizes})",
                    f"{SCORES}, {LOGITS}": f"float32 (batch, {len(self.labels)})"}
        contract |= {} if self.axes == 5 else {"axes": self.axes}
        texts = (json.dumps(contract), self.clip.to_json(), json.dumps(self.labels, ensure_ascii=False),
                 json.dumps(self.card, ensure_ascii=False))
        return dict(zip(KEYS, texts))

    @classmethod
    def from_texts(cls, texts, path):
        """What `to_texts` wrote.

        Raises:
            ValueError: if `path` has no such metadata, or that of another version.
        """
        missing = [key for key in KEYS if key not in texts]
        if missing:
            raise ValueError(f"A model file must tell its clip and labels in its metadata, as `res3d export` writes "
                             f"them. Received: '{path}', without {', '.join(missing)}. Export it with `res3d export`.")
        contract, clip, labels, card = (texts[key] for key in KEYS)
        contract = json.loads(contract)
        if contract["version"] != VERSION:
            raise ValueError(f"A model file must have the contract of version {VERSION}. Received: '{path}', of "
                             f"version {contract['version']}. Use the res3d that wrote it.")
        return cls(ClipSpec.from_json(clip), tuple(json.loads(labels)), json.loads(card), contract.get("axes", 5))

    def batch(self, first):
        """The clips that a graph takes at once, whose input has so many on its first axis; None where that is open."""
        return first if first is None or self.axes == 5 else first // self.clip.frames


def check_clips(clips, facts, batch, path):
    """`clips` as the graph takes them.

    Raises:
        ValueError: for another type, another shape, or another number than a graph of a fixed batch takes.
    """
    wanted = (batch or "batch", *facts.clip.shape)
    fits = clips.dtype == np.uint8 and clips.shape[1:] == facts.clip.shape and batch in (None, len(clips))
    if not fits or not len(clips):
        raise ValueError(f"'{path}' takes uint8 clips of shape ({', '.join(map(str, wanted))}). "
                         f"Received: {clips.dtype} {clips.shape}.")
    return np.ascontiguousarray(clips if facts.axes == 5 else clips.reshape(-1, *clips.shape[2:]))
