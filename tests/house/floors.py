"""The floors of the house: which folder may import which, as one table, read by a test and drawn in the documentation.

A row names a folder, what it is for, and the folders it may import; everything below it in the table is out of its
sight unless it is named. A folder may always import itself and the folders inside it; those inside may import what
holds them. Modules that stand alone in a package (`res3d.atomic`) are rows as well.
"""

import ast
import functools
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("res3d", "pipelines", "serving")
LIGHT = ("res3d.geometry", "res3d.atomic", "res3d.quiet")  # what all three packages stand on

FLOORS = {  # folder: (what it is for, the folders it may import), from the ground up
    "res3d.importing": ("something done around the first import of a package", ()),
    "res3d.late_classes": ("classes that Keras knows before they are imported", ()),
    "res3d.private_keras": ("what Keras keeps private and the project needs", ()),
    "res3d.ending": ("what the numbers of a model are", ("res3d.private_keras",)),
    "res3d.atomic": ("files that appear whole or not at all", ()),
    "res3d.quiet": ("libraries kept from writing to the terminal", ("res3d.importing",)),
    "res3d.joined": ("several names as one text", ()),
    "res3d.terminal": ("progress and tables on a terminal", ()),
    "res3d.looks": ("one look for all pages: style, charts", ()),
    "res3d.geometry": ("ClipSpec: what a clip is", ("res3d.atomic",)),
    "res3d.spans": ("scores of steps of time to spans", ("res3d.geometry", "res3d.atomic")),
    "res3d.layers": ("convolution, norm, pooling, attention", ("res3d.private_keras", "res3d.geometry")),
    "res3d.blocks": ("residual blocks and their shortcuts", ("res3d.private_keras", "res3d.layers")),
    "res3d.networks": ("architectures, the family as a table, counts",
                       ("res3d.private_keras", "res3d.geometry", "res3d.layers", "res3d.blocks", "res3d.terminal")),
    "res3d.heads": ("what a network ends in besides a classifier", ("res3d.layers", "res3d.blocks", "res3d.networks")),
    "res3d.four_axes": ("networks with the frames on the batch axis",
                        ("res3d.private_keras", "res3d.layers", "res3d.blocks", "res3d.networks", "res3d.heads")),
    "res3d.explain": ("where a network looks", ("res3d.private_keras", "res3d.layers")),
    "res3d.training": ("recipe, schedule, loss, checkpoint, the loop",
                       ("res3d.private_keras", "res3d.geometry", "res3d.atomic")),
    "res3d.choosing": ("a recipe out of facts, by rules", ("res3d.geometry", "res3d.training")),
    "res3d.saving": ("models to files and back",
                     ("res3d.layers", "res3d.blocks", "res3d.networks", "res3d.heads", "res3d.training")),
    "res3d.weights": ("published checkpoints",
                      ("res3d.geometry", "res3d.atomic", "res3d.layers", "res3d.networks", "res3d.terminal")),
    "res3d.pretrained": ("networks that come with their weights",
                         ("res3d.geometry", "res3d.atomic", "res3d.layers", "res3d.networks", "res3d.training",
                          "res3d.saving", "res3d.weights")),
    "res3d.evaluation": ("scores to figures, figures to a page",
                         ("res3d.atomic", "res3d.joined", "res3d.looks", "res3d.layers", "res3d.spans")),

    "pipelines.arguments": ("what an argument must be", ()),
    "pipelines.storage": ("files and folders on a disk or at an address", LIGHT),
    "pipelines.video": ("frames out of files", (*LIGHT, "pipelines.storage")),
    "pipelines.sample": ("which frames make a clip; protocols", (*LIGHT, "pipelines.video")),
    "pipelines.annotations": ("lists of videos with their labels",
                              (*LIGHT, "res3d.joined", "pipelines.storage", "pipelines.video")),
    "pipelines.records": ("records of frames on disk",
                          (*LIGHT, "res3d.joined", "pipelines.storage", "pipelines.video", "pipelines.annotations")),
    "pipelines.manifest": ("any data set as a list",
                           ("pipelines.storage", "pipelines.annotations", "pipelines.records")),
    "pipelines.spans": ("what happens when, from any labelling tool",
                        ("pipelines.storage", "pipelines.annotations", "pipelines.records")),
    "pipelines.synthetic": ("generated videos",
                            (*LIGHT, "pipelines.arguments", "pipelines.video", "pipelines.annotations",
                             "pipelines.manifest")),
    "pipelines.figures": ("generated people who move", ()),
    "pipelines.augment": ("changes of clips and batches", (*LIGHT, "pipelines.arguments", "pipelines.sample")),
    "pipelines.dataset": ("batches of clips as tf.data",
                          (*LIGHT, "res3d.terminal", "pipelines.arguments", "pipelines.storage", "pipelines.video",
                           "pipelines.sample", "pipelines.annotations", "pipelines.records", "pipelines.manifest",
                           "pipelines.spans", "pipelines.augment")),
    "pipelines.prepare": ("videos to records",
                          (*LIGHT, "res3d.joined", "pipelines.arguments", "pipelines.storage", "pipelines.video",
                           "pipelines.sample", "pipelines.annotations", "pipelines.records", "pipelines.manifest",
                           "pipelines.spans")),
    "pipelines.grouping": ("who was recorded, and splits that keep groups apart",
                           (*LIGHT, "pipelines.storage", "pipelines.annotations")),
    "pipelines.leaks": ("videos that show what others show",
                        (*LIGHT, "pipelines.storage", "pipelines.video", "pipelines.sample")),
    "pipelines.doctor": ("what is wrong with a data set",
                         (*LIGHT, "res3d.looks", "pipelines.arguments", "pipelines.storage", "pipelines.video",
                          "pipelines.sample", "pipelines.annotations", "pipelines.records", "pipelines.manifest",
                          "pipelines.spans", "pipelines.grouping", "pipelines.leaks")),
    "pipelines.bench": ("where the time of an input pipeline goes",
                        ("pipelines.arguments", "pipelines.video", "pipelines.annotations", "pipelines.records",
                         "pipelines.augment", "pipelines.dataset")),

    "serving.errors": ("what a request can be refused with", ()),
    "serving.tensors": ("arrays, messages and files in TensorFlow's formats", ("serving.errors",)),
    "serving.session": ("an export that runs", (*LIGHT, "serving.errors", "serving.tensors")),
    "serving.batching": ("which requests run together", ("serving.errors", "serving.tensors")),
    "serving.models": ("versions found, loaded, swapped and asked",
                       ("pipelines.storage", "serving.errors", "serving.tensors", "serving.session",
                        "serving.batching")),
    "serving.server": ("sockets, settings, metrics, REST and gRPC",
                       (*LIGHT, "res3d.looks", "res3d.spans", "serving.errors", "serving.tensors", "serving.batching",
                        "serving.models", "pipelines.storage", "pipelines.video", "pipelines.sample",
                        "pipelines.annotations")),
    "serving.client": ("videos in, labels out, by asking a server",
                       (*LIGHT, "res3d.spans", "serving.errors", "serving.tensors", "pipelines.storage",
                        "pipelines.video", "pipelines.sample")),
    "serving.verify": ("whether an export answers as Keras does",
                       (*LIGHT, "res3d.spans", "serving.tensors", "serving.session")),
    "serving.exporter": ("models to version folders",
                         (*LIGHT, "res3d.private_keras", "res3d.ending", "res3d.four_axes", "res3d.spans",
                          "pipelines.storage", "serving.tensors", "serving.session", "serving.verify")),
    "serving.deploy": ("files that run exports elsewhere", (*LIGHT, "serving.session", "serving.exporter")),

    "res3d.workflows": ("where the three packages are joined", ("res3d", "pipelines", "serving")),
    "pipelines.commands": ("flags", ("res3d", "pipelines")),
    "serving.commands": ("flags", ("pipelines.storage", "serving")),
    "res3d.commands": ("flags", ("res3d", "pipelines", "serving")),
}
ROOFS = ("res3d.workflows", "res3d.commands", "pipelines.commands", "serving.commands")  # which nothing else imports


def modules(package):
    """The files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def dotted(path):
    """`pipelines/video/info.py` as `pipelines.video.info`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def tree(path):
    """A file parsed; leave it as it is."""
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def imports(path, inside=True):
    """Every dotted name that a file imports, at its top or, if `inside`, anywhere in it."""
    names = set()
    for node in ast.walk(tree(path)) if inside else tree(path).body:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction; write the whole name"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def floor_of(name):
    """The row of the table that a dotted name lies in, or the package where it is a name of the package's face."""
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        if ".".join(parts[:length]) in FLOORS:
            return ".".join(parts[:length])
    return parts[0]


def ours(path, inside=True):
    """Dotted names of the project that a file imports."""
    return {name for name in imports(path, inside) if name.split(".")[0] in PACKAGES}


def module_of(name):
    """The module file that an imported name lies in, dotted, or None."""
    while name:
        path = ROOT / name.replace(".", "/")
        if path.with_suffix(".py").is_file() or (path / "__init__.py").is_file():
            return name
        name = name.rpartition(".")[0]
    return None


def table():
    """The floors as a Markdown table, from the roof down."""
    lines = ["| floor | what it is for | may import |", "|---|---|---|"]
    for name, (purpose, allowed) in reversed(FLOORS.items()):
        lines.append(f"| `{name}` | {purpose} | {', '.join(f'`{other}`' for other in allowed) or 'nothing'} |")
    return "\n".join(lines) + "\n"
