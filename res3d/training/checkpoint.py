"""The checkpoint that a killed run goes on from, ours because Keras's own is two files, which a kill may part.

Every variable and every counter are in this one, or it is not there at all.
"""

import json
import zipfile

import numpy as np

from res3d.atomic import writing

META = "meta.json"


def all_variables(model):
    """Every variable that training changes: weights, statistics, seeds, optimizer, averages, running metrics."""
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    seen, result = set(), []
    optimizer = model.optimizer.variables if model.optimizer is not None else []
    for variable in [*model.variables, *model.metrics_variables, *optimizer]:
        if id(variable) not in seen:
            seen.add(id(variable))
            result.append(variable)
    return result


def save_state(path, model, meta):
    """Writes the variables of `model` and the JSON-ready `meta` to `path`, aside, synced and renamed.

    Args:
        path: file. A NumPy zip: arrays named by position, and `meta.json`.
        model: a compiled `keras.Model`.
        meta: dict. Counters: epoch, step, history and the like.

    Raises:
        OSError: if the disk is full; the former file is then still there.
    """
    variables = all_variables(model)
    record = {"meta": meta, "variables": [[v.path, list(v.shape)] for v in variables]}
    try:
        with writing(path, sync=True) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(META, json.dumps(record))
            for index, variable in enumerate(variables):
                with archive.open(f"{index}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, _to_storable(variable), allow_pickle=False)
    except OSError as error:
        raise OSError(f"A checkpoint must be writable at '{path}'. Received: {error.strerror or error}. The former one "
                      "is as it was: make room, and the same command goes on from it.") from error


def load_meta(path):
    """The `meta` that `save_state` wrote, without the arrays.

    Raises:
        ValueError: if `path` is no checkpoint of ours.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read(META))["meta"]
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"A training state must be a file that `res3d train` wrote. Received: '{path}' ({error}). "
                         "Delete it to start the run anew.") from None


def restore_state(path, model):
    """Gives every variable of `model` the value that `save_state` kept.

    Raises:
        ValueError: if the variables differ in number or shape; the message names the first that does.
    """
    variables = all_variables(model)
    with zipfile.ZipFile(path) as archive:
        kept = json.loads(archive.read(META))["variables"]
        mine = [[v.path, list(v.shape)] for v in variables]
        if [shape for _, shape in kept] != [shape for _, shape in mine]:
            pairs = zip([*kept, *[None] * (len(mine) - len(kept))], [*mine, *[None] * (len(kept) - len(mine))])
            wanted, found = next(pair for pair in pairs if (pair[0] or [0, 0])[1] != (pair[1] or [0, 0])[1])
            raise ValueError(f"The state '{path}' belongs to another model: it holds {len(kept)} variables, this model "
                             f"has {len(mine)}; the first difference is {wanted} against {found}. "
                             "Use another --workdir, or the recipe that wrote this one.")
        for index, variable in enumerate(variables):
            with archive.open(f"{index}.npy") as member:
                value = np.lib.format.read_array(member, allow_pickle=False)
            variable.assign(value)


def _to_storable(variable):
    """bfloat16 has no NumPy format of its own; float32 holds it exactly."""
    value = np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable)
    return value.astype("float32") if value.dtype.kind == "V" or value.dtype.name == "bfloat16" else value
