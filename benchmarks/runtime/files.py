"""The files that `runtimes.py` runs: as `res3d export` writes them, at a batch of one, without their proof."""

import pathlib
import sys

from benchmarks.runtime.rows import SUFFIX

LABELS = tuple(map(str, range(400)))
IN_EIGHT_BITS = {"onnx": "four", "openvino": "five", "litert": "four"}  # the form that the 8-bit one is made of
AXES = {"five": 5, "four": 4}


def prepare(folder, name, needed):
    """Writes a network in every form that rows need; what a form refuses is said and left out.

    Args:
        folder: for the files; what is there already is not written again.
        name: a row of the family.
        needed: {(kind, form)}, as `rows.needed` gives it.
    """
    if (folder / "done").is_file():
        return
    import res3d
    from res3d.layers.pixel_scaling import clip_of
    from serving.exporter.network import Network

    model = res3d.build(name, len(LABELS))
    clip = clip_of(model)
    model.save(folder / f"{name}.keras")
    (folder / f"{name}.json").write_text(clip.to_json(), encoding="utf-8")
    network = Network(model, clip)
    if ("saved_model", "") in needed:
        _write_saved_model(network, clip, folder / name / "1")
    for form in AXES:
        kinds = [kind for kind in SUFFIX if (kind, form) in needed
                 or (IN_EIGHT_BITS[kind] == form and (kind, "int8") in needed)]
        _write(network, clip, folder, name, form, kinds, needed)
    (folder / "done").touch()


def _write_saved_model(network, clip, path):
    """A SavedModel with the one signature that is measured."""
    import tensorflow as tf

    from serving.exporter.runtimes.graph import answering

    module = tf.Module()
    module.read, module.answer = network.variables, answering(network, clip, False, 1)
    tf.saved_model.save(module, str(path), {"serving_default": module.answer})


def _write(network, clip, folder, name, form, kinds, needed):
    """The files of one form, and those in 8 bits that are made of it."""
    from serving.exporter.runtimes.eight_bits import writers
    from serving.exporter.runtimes.graph import answering
    from serving.exporter.runtimes.model_file import FORMATS
    from serving.session.runtimes.contract import Facts
    from serving.verify.known_answers import moving_patterns

    texts = Facts(clip, LABELS, {}, AXES[form]).to_texts()
    function = answering(network, clip, False, 1, AXES[form])
    for place in (form, "int8"):
        (folder / place).mkdir(exist_ok=True)
    for kind in kinds:
        path = folder / form / f"{name}{SUFFIX[kind]}"
        try:
            FORMATS[kind][1](function, path, texts, network.variables)
            if IN_EIGHT_BITS[kind] == form and (kind, "int8") in needed:
                eight = writers.eight_bits(kind, path, function, network.variables, 1, AXES[form])
                eight.write(folder / "int8" / path.name, texts, moving_patterns(2, clip), ())
        except (ImportError, ValueError) as error:
            print(f"{name}, {kind} {form}: {error}", file=sys.stderr)


def folder_of(args, name):
    """The folder of a network's files."""
    folder = pathlib.Path(args.folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
