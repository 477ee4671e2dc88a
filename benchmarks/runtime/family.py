"""Whether every kind of network converts to each runtime, and how near it comes to Keras."""

import pathlib
import tempfile
import time


def family():
    """Prints how near every kind of network comes to Keras in each runtime, or why it does not convert."""
    import numpy as np
    import tensorflow as tf

    from serving.exporter.network import Network
    from serving.exporter.runtimes.graph import answering
    from serving.exporter.runtimes.model_file import FORMATS
    from serving.session.runtimes.contract import Facts
    from serving.session.runtimes.opening import open_file
    from tests.res3d.catalogue import CLASSES, CLIP, MODELS, pixels, stir, tiny

    clips, texts = pixels(1), Facts(CLIP, ("label",) * CLASSES, {}).to_texts()
    for name in MODELS:
        network, told = Network(stir(tiny(name)), CLIP), []
        logits = network(tf.constant(clips)).numpy()
        for kind, (suffix, write) in FORMATS.items():
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / f"m{suffix}"
                try:
                    write(answering(network, CLIP, False, batch=1), path, texts, network.variables)
                    found = open_file(path).run(clips)["logits"]
                    told.append(f"{kind} {np.abs(found - logits).max() / np.ptp(logits):.0e}")
                except ValueError as error:
                    told.append(f"{kind} no: {error}")
        print(f"{name:26}", "  ".join(told), flush=True)


def published(names):
    """Prints, for LiteRT in four axes at the published sizes, how near each network comes and what is in its file."""
    import numpy as np
    import tensorflow as tf

    import res3d
    from res3d.layers.pixel_scaling import clip_of
    from serving.exporter.network import Network
    from serving.exporter.runtimes.graph import answering
    from serving.exporter.runtimes.litert_file import write_litert
    from serving.session.runtimes.contract import Facts
    from serving.session.runtimes.opening import open_file
    from serving.verify.known_answers import moving_patterns
    from tests.res3d.catalogue import stir

    for name in names:
        began, model = time.monotonic(), stir(res3d.build(name, 400))
        clip = clip_of(model)
        network, clips = Network(model, clip), moving_patterns(1, clip)
        logits = network(tf.constant(clips)).numpy()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "m.tflite"
            try:
                write_litert(answering(network, clip, False, 1, 4), path,
                             Facts(clip, ("label",) * 400, {}, 4).to_texts(), network.variables)
            except ValueError as error:
                print(f"{name:20} no: {error}", flush=True)
                continue
            found = open_file(path).run(clips)["logits"]
            operations, axes = content(path)
            error, same = np.abs(found - logits).max() / np.ptp(logits), (found.argmax(1) == logits.argmax(1)).all()
            print(f"{name:20} {'agrees' if error <= 1e-4 and same else 'differs':8}{error:8.0e}  {len(operations):3} "
                  f"kinds of operations, {axes} axes, {path.stat().st_size / 1e6:6.1f} MB, "
                  f"{time.monotonic() - began:4.0f} s", flush=True)


def content(path):
    """(names of the operations of a LiteRT file, the most axes of a tensor in it)."""
    from ai_edge_litert import schema_py_generated as schema

    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    operations = {names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes}
    return sorted(operations), max(len(tensor.shape) for graph in model.subgraphs for tensor in graph.tensors
                                   if tensor.shape is not None)
