"""A network over videos as a protocol says: every video decoded once, its views classified together."""

import dataclasses
import pathlib
import time

import numpy as np
from absl import logging

VIEWS_AT_ONCE = 16


@dataclasses.dataclass
class Scored:
    """What a pass over videos gave.

    Attributes:
        predictions: `Predictions`, one row a video.
        positions: per row, the video's place in `manifest`.
        clip_scores: per row, (views, classes) probabilities of each view.
        manifest: `Manifest`.
        quarantine: list of (path, reason) that could not be read, or are too short for the protocol.
        padded: list of positions of videos so short that the protocol repeats some of their frames.
        network_seconds: float. Time in the network alone.
        seconds: float. All of it.
    """

    predictions: object
    positions: list
    clip_scores: list
    manifest: object
    quarantine: list
    padded: list
    network_seconds: float
    seconds: float


def score(model, clip, data, protocol, labels, split=None, workers=None, multi_label=False, views_at_once=VIEWS_AT_ONCE,
          progress=True, long_enough=False):
    """Classifies every video of `data`.

    Args:
        model: a network of the family.
        clip: `ClipSpec`.
        data: folder, manifest file, annotation file, prepared folder or `Manifest`.
        protocol: name of a protocol.
        labels: the label names of the network, in the order of its logits.
        split: str or None.
        workers: int or None. Videos decoded at once.
        multi_label: bool. Sigmoids in the place of the softmax.
        views_at_once: int. Clips in one batch.
        progress: bool. A bar on a terminal.
        long_enough: bool. Refuse data in which no video is as long as the protocol wants.

    Returns:
        `Scored`.

    Raises:
        ValueError: if the labels do not fit the network, the clip does not fit the protocol, or all videos are shorter
            than the protocol wants and `long_enough` is True.
    """
    from tqdm import tqdm

    from pipelines.dataset.evaluation import evaluation_views
    from pipelines.sample.protocols import protocol as find_protocol
    from res3d.evaluation.metrics import sigmoid, softmax
    from res3d.evaluation.predictions import Predictions
    from res3d.evaluation.views import average_views

    plan = find_protocol(protocol)
    check_labels(model, labels)
    network = Network(model, clip, plan, views_at_once)
    started = time.monotonic()
    views = evaluation_views(data, clip, protocol, split=split, labels=labels, workers=workers)
    rows, positions, clip_scores, truth = [], [], [], []
    entries, reader = views.manifest.entries, views.reader
    if long_enough:
        found = (reader.attempt(reader.extent, index) for index in range(len(entries)))
        plan.check_longest(clip, (extent for extent in found if extent is not None))
    bar = tqdm(total=len(entries), unit="video", disable=None if progress else True, dynamic_ncols=True)
    for batch, _, position in views.prefetch(1):
        logits = network(np.asarray(batch))
        position = int(position)
        rows.append(average_views(logits, plan.average, multi_label))
        clip_scores.append((sigmoid if multi_label else softmax)(logits).astype("float32"))
        positions.append(position)
        truth.append(tuple(entries[position].labels))
        bar.update()
    bar.close()
    scores = np.stack(rows) if rows else np.empty((0, len(labels)))
    names = [name_of(entries[position]) for position in positions]
    predictions = Predictions(names, list(labels), truth, scores)
    padded = [position for position in positions if not _fits(plan, clip, reader.extent(position))]
    if padded:
        logging.warning("%d of %d videos have fewer than the %d frames that protocol %s takes, such as '%s': it "
                        "repeats theirs", len(padded), len(positions), plan.span(clip), plan.name,
                        entries[padded[0]].path)
    return Scored(predictions, positions, clip_scores, views.manifest, list(views.quarantine), padded, network.seconds,
                  time.monotonic() - started)


def _fits(plan, clip, extent):
    info, first, last = extent
    return plan.fits(info, clip, first, last)


class Network:
    """Views of one video to their logits, in batches of one size at most; counts the time it takes.

    Args:
        model: a network of the family.
        clip: `ClipSpec` that it was trained with.
        plan: a protocol, which may crop wider or take all frames.
        views_at_once: int.
    """

    def __init__(self, model, clip, plan, views_at_once=VIEWS_AT_ONCE):
        from res3d.evaluation.adapt import at_shape, without_xla

        whole = plan.name == "full_video"
        self.model = without_xla(at_shape(model, plan.test_clip(clip), frames=not whole))
        self.views_at_once = views_at_once
        self.seconds = 0.0

    def __call__(self, views):
        """(views, frames, height, width, channels) uint8 to (views, classes) float32."""
        return np.concatenate([np.asarray(found) for found, _ in self._batches(views)])

    def outputs(self, views):
        """The same for a model with a dict of outputs: every array has the views, then time, space and channels."""
        parts = [{name: _per_view(np.asarray(values), count) for name, values in found.items()}
                 for found, count in self._batches(views)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _batches(self, views):
        started = time.monotonic()
        for start in range(0, len(views), self.views_at_once):
            batch = views[start:start + self.views_at_once]
            yield self.model.predict_on_batch(batch), len(batch)
        self.seconds += time.monotonic() - started


def _per_view(values, count):
    """A network of pictures has folded the frames into the batch; here they come apart again."""
    return values if len(values) == count else values.reshape(count, -1, *values.shape[1:])


def check_labels(model, labels):
    """Raises ValueError where the network has more or fewer classes than there are labels."""
    classes = model.output_shape[-1]
    if classes != len(labels):
        raise ValueError(f"The network has {classes} classes, so {classes} labels must go with it. Received "
                         f"{len(labels)}: {', '.join(labels[:6])}{', ...' if len(labels) > 6 else ''}. Use the "
                         "labels.txt of the run that trained it.")


def name_of(entry):
    """What a row calls a video: its path, and the part of it where it is one."""
    if entry.start is None and entry.end is None:
        return entry.path
    return f"{entry.path}@{'' if entry.start is None else f'{entry.start:g}'}-" \
           f"{'' if entry.end is None else f'{entry.end:g}'}"


def middle_clip(entry, clip):
    """(clip, frames a second) of the middle of a video or record: uint8 (frames, height, width, channels), and float.

    Raises:
        ValueError: if it cannot be read.
    """
    from pipelines.annotations.entries import Manifest
    from pipelines.dataset.evaluation import evaluation_views

    views = evaluation_views(Manifest([dataclasses.replace(entry, labels=())], []), clip, "centre", workers=1)
    for pixels, *_ in views:
        rate = clip.fps if clip.fps is not None else views.reader.extent(0)[0].fps
        return pixels.numpy()[0], max(rate / clip.stride, 1.0)
    raise ValueError(f"Expected a video that can be read. '{name_of(entry)}' cannot: "
                     f"{', '.join(reason for _, reason in views.quarantine)}.")


def load_network(source, labels=None):
    """(model, clip, labels, multi_label) of a work folder or a `.keras` file.

    Args:
        source: work folder, or `.keras` file with `labels.txt` beside it.
        labels: file of label names, or None. Without any, classes are called by their ids.

    Raises:
        OSError: if there is no such model.
        ValueError: if the file is no model or that of other clips than the run's, or the labels do not fit it.
    """
    import res3d
    from pipelines.annotations.labels import load_labels
    from res3d.training.workfolder import WorkFolder

    path = pathlib.Path(source).expanduser()
    if path.is_dir():
        folder = WorkFolder(path)
        model = _load(folder.model_file)
        names = load_labels(labels) if labels is not None else folder.labels
        multi_label = folder.recipe_file.is_file() and folder.recipe.loss.multi_label
        clip = folder.clip
        if res3d.clip_of(model) != clip:
            raise ValueError(f"The network of a run must take the clips of its {folder.clip_file.name}: {clip}. "
                             f"'{folder.model_file}' takes {res3d.clip_of(model)}. Put the run's own model there.")
    else:
        if not path.is_file():
            raise FileNotFoundError("A model must be a work folder of `res3d train` or a .keras file. Received: "
                                    f"'{source}', which does not exist.")
        model = _load(path)
        beside = path.with_name("labels.txt")
        labels = labels if labels is not None else (beside if beside.is_file() else None)
        names = load_labels(labels) if labels is not None else [str(i) for i in range(model.output_shape[-1])]
        multi_label, clip = False, res3d.clip_of(model)
    check_labels(model, names)
    return model, clip, names, multi_label


def _load(path):
    import zipfile

    import res3d

    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise ValueError(f"A model must be a whole .keras file. Received: '{path}'. PyTorch checkpoints are read "
                         "by `res3d import-weights`.")
    return res3d.load_model(path, compile=False)
