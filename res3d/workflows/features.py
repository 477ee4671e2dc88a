"""What a network sees in each video, written as arrays with the names beside."""

import os

import keras
import numpy as np

from pipelines.dataset.evaluation import evaluation_views
from pipelines.grouping.note import video_name
from pipelines.manifest import read_manifest
from pipelines.sample.protocols import protocol as find_protocol
from res3d.atomic import writing
from res3d.explain import flattened
from res3d.terminal.progress import bar
from res3d.workflows.loading import ScoringNetwork, load_trained


def features(model, data, output, *, stages=("head_pool",), split=None, protocol="centre", whole=False, windows=False,
             workers=None, **lists):
    """Writes features of every video of `data` to `output`.

    Args:
        model: work folder or `.keras` file.
        data: videos, labelled or not.
        output: `.npz` file, written aside and renamed.
        stages: names of layers.
        split: str or None.
        protocol: name of a protocol; the features of a video's views are averaged.
        whole: bool. Keep time and space; otherwise their mean.
        windows: bool. A row for each view of a video in place of their mean, and an array `seconds`, (rows, 2): when
            the first and last frame of each are shown. With "sliding_16" these are windows over a video of any length.
        workers: int or None. Videos decoded at once.
        lists: `videos`, `format` and `fold` of an annotation file, as `read_manifest` takes them.

    Returns:
        dict of stage -> shape.

    Raises:
        ValueError: for an unknown stage, or data of which no video can be read.
        OSError: if `output` has no folder to go to.
    """
    folder = os.path.dirname(os.path.abspath(output))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"`--output` must be a file in a folder that is there. Received: '{output}'. Make the "
                                "folder first.")
    network, clip, _, _ = load_trained(model)
    network = flattened(network)
    known = [layer.name for layer in network.layers]
    for stage in stages:
        if stage not in known:
            raise ValueError(f"`--stages` must name layers of the network: {', '.join(known)}. Received: {stage!r}.")
    trunk = keras.Model(network.input, {stage: network.get_layer(stage).output for stage in stages})
    run_network = ScoringNetwork(trunk, clip, find_protocol(protocol))
    views = evaluation_views(read_manifest(data, split=split, **lists), clip, protocol, workers=workers)
    entries = views.manifest.entries
    rows, names, truth, seconds = {stage: [] for stage in stages}, [], [], []
    with bar(len(entries), "features", "video") as counted:
        for batch, _, position in views:
            entry = entries[int(position)]
            for stage, values in run_network.outputs(np.asarray(batch)).items():
                middle = tuple(range(1, values.ndim - 1))
                values = values if whole else values.mean(axis=middle)
                rows[stage] += list(values) if windows else [values.mean(axis=0)]
            count = len(batch) if windows else 1
            names += [video_name(entry)] * count
            truth += [entry.labels[0] if len(entry.labels) == 1 else -1] * count
            seconds += _seconds(views.source, int(position), find_protocol(protocol), clip) if windows else []
            counted.update()
    if not names:
        path, reason = views.quarantine[0]
        raise ValueError(f"Expected a video that can be read in '{data}'. None of {len(entries)} can; '{path}': "
                         f"{reason}.")
    arrays = {stage: np.stack(values).astype("float32") for stage, values in rows.items()}
    if windows:
        arrays["seconds"] = np.array(seconds, "float64")
    with writing(output) as file:
        np.savez(file, videos=np.array(names), labels=np.array(views.labels), truth=np.array(truth, "int64"), **arrays)
    return {stage: values.shape for stage, values in arrays.items()}


def _seconds(source, position, protocol, clip):
    """[(first, last)] of each view of a video: when these frames are shown, counted from the video's first."""
    info, first, last = source.extent(position)
    times = np.arange(last) / info.fps if info.times_us is None else np.asarray(info.times_us) / 1e6
    return [(times[min(frames)], times[max(frames)]) for frames in protocol.indices(info, clip, first, last)
            for _ in protocol.crops]
