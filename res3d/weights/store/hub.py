"""Models on the hub, `hf://ORG/NAME[@REVISION]`: by huggingface_hub where it is installed, else by addresses."""

import importlib.util
import json
import os
import pathlib
import re
import shutil

from res3d.atomic import write_aside
from res3d.weights.errors import FetchError
from res3d.weights.store.fetching import FORBIDDEN, fetch, is_offline
from res3d.weights.store.mirror import local_path, mirrored
from res3d.weights.store.places import Place, home
from res3d.weights.store.transfer import hub, receive

PRESET = ("config.json", "metadata.json", "model.weights.h5")  # an unpacked .keras file, which is loaded as a folder
BESIDE = ("res3d.json", "check.npz", "labels.txt", "README.md")
SINGLE = (".keras", ".safetensors", ".pth", ".pt", ".pyth", ".pkl")


def fetch_hub(reference: str) -> pathlib.Path:
    """The folder of a preset, or the one file of weights, that a model on the hub has.

    Args:
        reference: "hf://ORG/NAME" or "hf://ORG/NAME@REVISION"; a revision is a branch, a tag or a commit.

    Raises:
        ValueError: for a reference that is none, or a model without weights that are read here.
        FetchError: if it cannot be had.
    """
    found = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", reference)
    if not found:
        raise ValueError(f"A model on the hub is hf://ORG/NAME or hf://ORG/NAME@REVISION. Received: {reference!r}.")
    name, revision = found[1], found[2] or "main"
    if importlib.util.find_spec("huggingface_hub") is not None:
        return _chosen(_by_library(reference, name, revision), reference)
    commit, files = _listed(reference, name, revision)
    folder = home() / "hub" / name.replace("/", "--") / commit
    for file, digest in files.items():
        if not (folder / file).is_file():
            source = fetch(f"{hub()}/{name}/resolve/{commit}/{file}", digest)
            folder.mkdir(parents=True, exist_ok=True)
            _link(source, folder / file)
    return _chosen(folder, reference)


def _by_library(reference, name, revision):
    import huggingface_hub

    wanted = [*PRESET, *BESIDE, *(f"*{ending}" for ending in SINGLE)]
    try:
        return pathlib.Path(huggingface_hub.snapshot_download(
            name, revision=revision, allow_patterns=wanted, local_files_only=is_offline(), endpoint=hub()))
    except Exception as error:  # its own kinds, which change with its version
        raise FetchError(reference, FORBIDDEN if is_offline() else f"huggingface_hub says: {error}") from error


def _listed(reference, name, revision):
    """(commit, {file: SHA-256 or None}) of what is wanted of a model; where nothing may be fetched, as last time."""
    known = home() / "hub" / name.replace("/", "--") / f"{revision.replace('/', '--')}.json"
    if is_offline():
        if not known.is_file():
            raise FetchError(reference, FORBIDDEN)
        told = json.loads(known.read_text(encoding="utf-8"))
        return told["commit"], told["files"]
    told = _ask(f"{hub()}/api/models/{name}/revision/{revision}?blobs=true", reference, known.parent)
    try:
        commit = re.fullmatch(r"[0-9a-f]{7,64}", told["sha"])[0]
        listed = {file["rfilename"]: (file.get("lfs") or {}).get("sha256") for file in told["siblings"]}
    except (KeyError, TypeError) as error:
        raise FetchError(reference, f"the hub's list of its files is none ({error}).") from error
    files = _wanted(listed, reference)
    write_aside(known, json.dumps({"commit": commit, "files": files}))
    return commit, files


def _wanted(listed, reference):
    beside = [name for name in BESIDE if name in listed]
    if all(name in listed for name in PRESET):
        return {name: listed[name] for name in (*PRESET, *beside)}
    for ending in SINGLE:
        whole = [name for name in listed if name.endswith(ending) and "/" not in name]
        if len(whole) == 1:
            return {name: listed[name] for name in (*whole, *beside)}
    raise ValueError(f"Expected {', '.join(PRESET)}, or one file ending in {', '.join(SINGLE)}, in {reference}. "
                     f"It has {', '.join(sorted(listed)[:8]) or 'nothing'}.")


def _ask(address, reference, folder):
    """A JSON answer of the hub."""
    folder.mkdir(parents=True, exist_ok=True)
    to = Place(address, folder)
    to.drop_part()
    source = mirrored(address)
    path = local_path(source)
    if path is None:
        receive(source, to, reference)
    else:
        raise FetchError(reference, "a mirror that is a folder has no lists of files. Use an address for RES3D_MIRROR.")
    try:
        return json.loads(to.part.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FetchError(reference, f"the hub's answer is no JSON ({error}).") from error
    finally:
        to.drop_part()


def _link(source, target):
    """`target` as another name of `source`, or a copy where the disk has no links; whole or not there."""
    aside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        os.link(source, aside)
    except OSError:
        shutil.copyfile(source, aside)
    os.replace(aside, target)


def _chosen(folder, reference):
    """A folder that is a preset, or the file of weights in it."""
    if all((folder / name).is_file() for name in PRESET):
        return folder
    return folder / next(iter(_wanted({path.name: None for path in folder.iterdir() if path.is_file()}, reference)))
