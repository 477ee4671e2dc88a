"""Options of a small job, and what it leaves in its folder, byte by byte."""

import pathlib

from pipelines.prepare.options import PrepareOptions
from res3d.geometry import ClipSpec

CLIP = ClipSpec(frames=8, height=56, width=56)
OPTIONS = PrepareOptions(CLIP, shard_clips=6)


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(pathlib.Path(folder).rglob("*"))
            if path.is_file()}
