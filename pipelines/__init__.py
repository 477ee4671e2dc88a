"""Videos to batches: probe, sample, decode, augment, record. Names resolve on first use."""

import importlib

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


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__():
    return sorted([*__all__, *_MODULES])
