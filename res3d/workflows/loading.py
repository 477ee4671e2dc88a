"""A trained network as people name it, ready to score views of videos."""

import dataclasses
import os
import pathlib
import time
import zipfile

import keras
import numpy as np

from pipelines.annotations.labels import load_labels
from res3d import ending
from res3d.evaluation.adapt import at_shape, without_xla
from res3d.evaluation.rejection import from_card
from res3d.layers.pixel_scaling import clip_of
from res3d.networks.variants.table import list_models
from res3d.pretrained.finding import find_saved, is_unpacked
from res3d.pretrained.loading import load_published
from res3d.pretrained.origin import Origin, origin_of, remember
from res3d.pretrained.preset import is_preset, load_preset, read_facts
from res3d.saving import load_model
from res3d.training.workfolder import WorkFolder, is_spans_run
from res3d.weights.catalogue.table import near_names
from res3d.workflows.rejecting.applying import cool, rejection_of
from res3d.workflows.runtimes.network import RuntimeNetwork, is_runtime_file

VIEWS_AT_ONCE = 16
CHECKPOINTS = (".pth", ".pt", ".pyth", ".pkl", ".safetensors")


class ScoringNetwork:
    """Views of one video to their logits, in batches of one size at most; counts the time it takes.

    Args:
        model: a network of the family.
        clip: `ClipSpec` that it was trained with.
        protocol: `Protocol`, which may crop wider or take all frames.
        views_at_once: int.
    """

    def __init__(self, model, clip, protocol, views_at_once=VIEWS_AT_ONCE):
        whole = protocol.name == "full_video"
        if isinstance(model, RuntimeNetwork):
            self.model = model.at_shape(protocol.test_clip(clip), frames=not whole)
        else:
            self.model = without_xla(at_shape(model, protocol.test_clip(clip), frames=not whole))
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


def load_network(source, labels=None, activation=None):
    """(model, clip, labels, multi_label) of a model as people name it, to score with: the model gives logits.

    Args:
        source: work folder; `.keras` file with `NAME.labels.txt` or `labels.txt` beside it; an export to a file of
            another runtime; preset folder, or one on the hub, hf://ORG/NAME[@REVISION]; or published weights, by name,
            address or path.
        labels: file of label names, or None. Without any, classes are called by their ids.
        activation: "logits", "softmax" or "sigmoid", what the file's numbers are; None judges as an export does.

    Raises:
        OSError: if there is no such model.
        ValueError: as `load_trained`, or if it is not clear what the numbers are.
    """
    if is_runtime_file(source):
        return _load_runtime_file(source, labels, activation)
    model, clip, names, multi_label = load_trained(source, labels)
    found = ending.read(model)
    if found is None and activation is None and _run_of(source) is not None:
        found = ending.LOGITS  # which the loss of a run takes
    elif found is None or activation is not None:  # else how it is made says it, and no clip need be tried
        rows = keras.ops.convert_to_numpy(keras.ops.cast(model(ending.probes(clip), training=False), "float32"))
        found = ending.judge(model, rows, activation)
    if found == "softmax" and multi_label:
        raise ValueError(f"A run with several labels a video gives sigmoids or logits. Received: '{source}', whose "
                         "network gives a softmax. Use the network that the run trained.")
    return ending.with_logits(model, found), clip, names, multi_label or found == "sigmoid"


def _load_runtime_file(source, labels, activation):
    if activation is not None:
        raise ValueError("What an exported file gives was settled when it was exported. Received: activation="
                         f"{activation!r} for '{source}'. Leave it out.")
    network = RuntimeNetwork(source)
    names = load_labels(labels) if labels is not None else list(network.facts.labels)
    check_labels(network, names)
    return network, network.facts.clip, names, network.facts.multi_label


def load_trained(source, labels=None):
    """(model, clip, labels, multi_label) of a model as people name it, the model as it was saved.

    Args:
        source, labels: as of `load_network`.

    Raises:
        OSError: if there is no such model.
        ValueError: if the file is no model or that of other clips than the run's, or the labels do not fit it.
    """
    path = find_saved(source) or pathlib.Path(source).expanduser()
    if path.is_dir() and is_preset(path):
        model, facts = load_preset(path), read_facts(path)
        names = load_labels(labels) if labels is not None else facts["labels"] or _numbered(model)
        multi_label, clip = facts["multi_label"], clip_of(model)
    elif path.is_dir() and is_unpacked(path):
        model = load_model(path, compile=False)
        names, multi_label, clip = _labels_beside(model, path, labels), False, clip_of(model)
    elif path.is_dir():
        folder = WorkFolder(path)
        if is_spans_run(folder):
            raise ValueError(f"A run of clips is expected here. '{folder}' holds one of task spans, which `res3d "
                             "predict` and `res3d evaluate` take.")
        model = _as_chosen(_load(folder.model_file), folder, folder.model_file)
        names = load_labels(labels) if labels is not None else folder.labels
        multi_label = _several(folder)
        clip = folder.clip
        if clip_of(model) != clip:
            raise ValueError(f"The network of a run must take the clips of its {folder.clip_file.name}: {clip}. "
                             f"'{folder.model_file}' takes {clip_of(model)}. Put the run's own model there.")
    elif not path.is_file() or path.suffix in CHECKPOINTS:
        model, clip, names, multi_label = _load_published(path if path.is_file() else source, labels)
    else:
        model = _load(path)
        names = _labels_beside(model, path, labels)
        run, clip = _run_of(path), clip_of(model)
        model = model if run is None else _as_chosen(model, run, path)
        multi_label = run is not None and _several(run)
    check_labels(model, names)
    if os.fspath(source).startswith("hf://"):
        _note_commit(model, os.fspath(source), path, clip)
    return model, clip, names, multi_label


def load_rejection(source, network=None):
    """The `Rejection` that says when a model, as `load_network` takes it, answers "none of these"; None without one.

    `network` is what `load_network` gave, without which a file of another runtime would be opened once more.
    """
    if is_runtime_file(source):
        return from_card((network or RuntimeNetwork(source)).facts.card)
    run = _run_of(find_saved(source) or source)
    if run is None or not run.rejection_file.is_file():
        return None
    path = pathlib.Path(source).expanduser()
    return rejection_of(run, run.model_file if path.is_dir() else path)


def _as_chosen(model, folder, file):
    """The model of a run, with the temperature that was chosen for it."""
    found = rejection_of(folder, file)
    return model if found is None else cool(model, found.temperature)


def _note_commit(model, source, path, clip):
    """Remembers which commit of the hub a model is of, where it does not say itself where its weights come from."""
    commit = (path if path.is_dir() else path.parent).name
    address = f"{source.partition('@')[0]}@{commit}"
    origin = origin_of(model) or Origin(address, model.name, clip)
    name = address if origin.name == os.fspath(path) else origin.name
    remember(model, dataclasses.replace(origin, name=name, address=origin.address or address))


def _labels_beside(model, path, labels):
    """The names in the file `labels`, or in one beside or in `path`, or numbers."""
    beside = ([path / "labels.txt"] if path.is_dir() else
              [path.with_suffix(".labels.txt"), path.with_name("labels.txt")])
    labels = labels if labels is not None else next((file for file in beside if file.is_file()), None)
    return load_labels(labels) if labels is not None else _numbered(model)


def _load_published(source, labels):
    """The same of weights by name, address or path of a checkpoint."""
    try:
        model, origin = load_published(os.fspath(source))
    except (FileNotFoundError, ValueError) as error:
        if pathlib.Path(source).is_file() or "://" in str(source):
            raise
        named = pathlib.Path(source).parts[0] in list_models()
        near = near_names(os.fspath(source))
        raise FileNotFoundError("A model must be a work folder of `res3d train`, a preset folder or a .keras file. "
                                f"Received: '{source}', which does not exist" + (f": {error}" if named else
                                ", and no published weights have that name. `res3d weights` lists them."
                                + (f" Did you mean {' or '.join(near)}?" if near else ""))) from error
    names = load_labels(labels) if labels is not None else origin.labels
    names = list(names) if names is not None else _numbered(model)
    return model, clip_of(model), names, origin.multi_label


def _numbered(model):
    """Labels of a model whose classes have no names."""
    return [str(number) for number in range(model.output_shape[-1])]


def _run_of(source):
    """The `WorkFolder` that a folder is, or that `best.keras` or `last.keras` lies in; None for any other file."""
    path = pathlib.Path(source).expanduser()
    run = WorkFolder(path if path.is_dir() else path.parent)
    if path.is_dir():
        return None if is_unpacked(path) else run
    return run if path in (run.best, run.last) and run.recipe_file.is_file() else None


def _several(folder):
    return folder.recipe_file.is_file() and folder.recipe.loss.multi_label


def _load(path):
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise ValueError(f"A model must be a whole .keras file. Received: '{path}'. PyTorch checkpoints are read "
                         "by `res3d import-weights`.")
    return load_model(path, compile=False)
