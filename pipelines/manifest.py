"""One table for every layout of a data set: which video, which labels, which part of it, which split.

`read_manifest` turns a folder per class, a CSV manifest or any layout of `pipelines.annotations` into a `Manifest`.
Label ids are positions in `Manifest.labels` and stay the same wherever the list is saved and passed on.
"""

import os
from collections.abc import Sequence

from pipelines.annotations import reading
from pipelines.annotations.entries import Manifest, relabel
from pipelines.annotations.labels import load_labels
from pipelines.records import index, layout
from pipelines.storage import folders
from pipelines.storage.addresses import absolute, shown


def read_manifest(data: str | os.PathLike | Manifest, split: str | None = None,
                  labels: Sequence[str] | str | os.PathLike | None = None, *, videos: str | os.PathLike | None = None,
                  format: str | None = None, fold: int = 1, multi_label: bool | None = None,
                  strict: bool = True, split_by: str | None = None, rate: float | None = None) -> Manifest:
    """Reads a data set of any known layout.

    Args:
        data: a folder (`CLASS/video` or `SPLIT/CLASS/video`, or one that holds a data set's own lists), a CSV manifest
            `path,label[,start,end][,split]`, any annotation file of `pipelines.annotations.FORMATS`, a folder of
            records, or a `Manifest`. Several labels of a row are separated by `|`. Files and folders may be paths or
            addresses that `pipelines.storage` reads, and so may the videos in a list; web servers list no folders.
        split: str or None. Keep only this split; None keeps all.
        labels: a list of names, or a file of them, that fixes the ids; None takes the layout's own list, a `labels.txt`
            beside the data, or the sorted names.
        videos: folder with the video files of an annotation file, or its address; None is the annotation's own folder.
        format: a name of `pipelines.annotations.FORMATS`; None finds out.
        fold: int. Which of the numbered splits of UCF101 and HMDB51, from 1.
        multi_label: bool or None. None takes several labels a video where a row has several.
        strict: bool. False accepts files without a label, class folders without files, and a data set of which no file
            is there, for checks that report all this.
        rate: float or None. Frames a second at which a labelling tool has counted, as `read_spans` takes it.
        split_by: str or None. The column of a CSV manifest that names the split, instead of `split`.

    Returns:
        `Manifest`; rows that have no file are in its `missing`, and `summary()` says how many.

    Raises:
        OSError: if `data` or `videos` does not exist.
        ValueError: for an empty folder, an empty class, a label that is not in `labels`, a malformed row, a split that
            has no videos.

    >>> from pipelines import synthetic
    >>> _ = synthetic.write("videos", train_per_class=1, val_per_class=1)
    >>> manifest = read_manifest("videos", split="val")
    >>> len(manifest), manifest.labels[:3], manifest.entries[0].labels
    (8, ['anticlockwise', 'clockwise', 'down'], (0,))
    """
    names = load_labels(labels) if isinstance(labels, str | os.PathLike) else labels
    videos = videos if videos is None else absolute(videos)
    if split_by is not None and isinstance(data, Manifest):
        raise ValueError(f"`split_by` names a column of a CSV manifest. Received: split_by={split_by!r} for a "
                         "`Manifest`. Pass the path of the CSV.")
    if isinstance(data, Manifest):
        manifest = data if names is None else relabel(data, names)
    else:
        data = absolute(data)
        if layout.are_records(data):
            manifest = index.read(data)
            manifest = manifest if names is None else relabel(manifest, names)
            return manifest if split is None else manifest.select(split)
        if not folders.exists(data):
            raise FileNotFoundError("Expected a folder of videos or an annotation file. Nothing exists at "
                                    f"'{shown(data)}'. Check the path.")
        manifest = reading.read(data, format, labels=names, videos=videos, fold=fold, multi_label=multi_label,
                                strict=strict, split_by=split_by, rate=rate)
    return manifest if split is None else manifest.select(split)
