"""Videos to batches: probe, sample, decode, augment, record. Names resolve on first use."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what editors and type checkers see; a test holds it against the names below
    from pipelines import augment as augment
    from pipelines import manifest as manifest
    from pipelines import mixing as mixing
    from pipelines import protocols as protocols
    from pipelines import rand_augment as rand_augment
    from pipelines import sample as sample
    from pipelines import synthetic as synthetic
    from pipelines import transforms as transforms
    from pipelines import video as video
    from pipelines.dataset import evaluation_clips as evaluation_clips
    from pipelines.dataset import evaluation_views as evaluation_views
    from pipelines.dataset import training_clips as training_clips
    from pipelines.manifest import read_manifest as read_manifest
    from pipelines.video import VideoError as VideoError
    from pipelines.video import probe as probe
    from pipelines.video import read_frames as read_frames

_NAMES = {
    "training_clips": "pipelines.dataset",
    "evaluation_clips": "pipelines.dataset",
    "evaluation_views": "pipelines.dataset",
    "read_manifest": "pipelines.manifest",
    "VideoError": "pipelines.video",
    "probe": "pipelines.video",
    "read_frames": "pipelines.video",
}
# Modules to use after `import pipelines` alone.
_MODULES = ("augment", "manifest", "mixing", "protocols", "rand_augment", "sample", "synthetic", "transforms",
            "video")
__all__ = [*_NAMES]

if not TYPE_CHECKING:  # or any name would do
    def __getattr__(name):
        if name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        if name not in _NAMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted([*__all__, *_MODULES])
