"""Writes what a network sees in each video, stage by stage or before its head, to one array file with the names beside.

The file is a NumPy .npz: `videos` and `labels` (text), `truth` (label ids, -1 where unknown) and one float32 array a
stage, `(videos, channels)` pooled over time and space, or whole with --whole.
"""

import os

from pipelines.commands.flags import add_list_flags, list_options

EXAMPLE = "res3d features --model=runs/first --data=videos --output=features.npz"


def add_flags(parser):
    """Flags of `res3d features`."""
    parser.add_argument("--model", required=True, help="work folder, or .keras file")
    parser.add_argument("--data", required=True, help="videos, as `res3d evaluate` takes them")
    add_list_flags(parser)
    parser.add_argument("--output", required=True, help=".npz file to write")
    parser.add_argument("--split", help="split of the data (default: all)")
    parser.add_argument("--stages", default="head_pool",
                        help="layers, separated by commas: stem, stage1 ... stage4, head_pool (default: %(default)s)")
    parser.add_argument("--protocol", default="centre", help="how videos are cut; views are averaged (default: centre)")
    parser.add_argument("--whole", action="store_true", help="keep time and space instead of their mean")
    parser.add_argument("--workers", type=int, help="videos decoded at once (default: one a core)")


def run(args):
    """Computes, writes and says how much."""
    written = features(args.model, args.data, args.output, stages=args.stages.split(","), split=args.split,
                       protocol=args.protocol, whole=args.whole, workers=args.workers, **list_options(args))
    shapes = ", ".join(f"{name} {shape}" for name, shape in written.items())
    print(f"{args.output}: {shapes}")


def features(model, data, output, *, stages=("head_pool",), split=None, protocol="centre", whole=False, workers=None,
             **lists):
    """Writes features of every video of `data` to `output`.

    Args:
        model: work folder or `.keras` file.
        data: videos, labelled or not.
        output: `.npz` file, written aside and renamed.
        stages: names of layers.
        split: str or None.
        protocol: name of a protocol; the features of a video's views are averaged.
        whole: bool. Keep time and space; otherwise their mean.
        workers: int or None. Videos decoded at once.
        lists: `videos`, `format` and `fold` of an annotation file, as `read_manifest` takes them.

    Returns:
        dict of stage -> shape.

    Raises:
        ValueError: for an unknown stage, or data of which no video can be read.
        OSError: if `output` has no folder to go to.
    """
    import keras
    import numpy as np

    from pipelines.dataset.evaluation import evaluation_views
    from pipelines.manifest import read_manifest
    from pipelines.sample.protocols import protocol as find_protocol
    from res3d.commands.scoring import Network, load_network, name_of

    folder = os.path.dirname(os.path.abspath(output))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"`--output` must be a file in a folder that is there. Received: '{output}'. Make the "
                                "folder first.")
    network, clip, _, _ = load_network(model)
    known = [layer.name for layer in network.layers]
    for stage in stages:
        if stage not in known:
            raise ValueError(f"`--stages` must name layers of the network: {', '.join(known)}. Received: {stage!r}.")
    trunk = keras.Model(network.input, {stage: network.get_layer(stage).output for stage in stages})
    run_network = Network(trunk, clip, find_protocol(protocol))
    views = evaluation_views(read_manifest(data, split=split, **lists), clip, protocol, workers=workers)
    entries = views.manifest.entries
    rows, names, truth = {stage: [] for stage in stages}, [], []
    for batch, _, position in views:
        entry = entries[int(position)]
        for stage, values in run_network.outputs(np.asarray(batch)).items():
            middle = tuple(range(1, values.ndim - 1))
            values = values if whole else values.mean(axis=middle)
            rows[stage].append(values.mean(axis=0))
        names.append(name_of(entry))
        truth.append(entry.labels[0] if len(entry.labels) == 1 else -1)
    if not names:
        path, reason = views.quarantine[0]
        raise ValueError(f"Expected a video that can be read in '{data}'. None of {len(entries)} can; '{path}': "
                         f"{reason}.")
    arrays = {stage: np.stack(values).astype("float32") for stage, values in rows.items()}
    aside = f"{os.fspath(output)}.part"
    with open(aside, "wb") as file:
        np.savez(file, videos=np.array(names), labels=np.array(views.labels), truth=np.array(truth, "int64"), **arrays)
    os.replace(aside, output)
    return {stage: values.shape for stage, values in arrays.items()}
