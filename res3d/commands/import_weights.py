"""Turns a published checkpoint into a Keras model, without torch.

Reads .pth, .pt, .pyth, .pkl and .safetensors files of torchvision, pytorchvideo, PySlowFast, 3D-ResNets,
VMZ and mmaction2. Whose file it is and which network it holds is found out from its tensors; what they cannot tell,
such as X3D-S from X3D-M, its name can. The saved model takes uint8 RGB clips and scales them as the file's makers did.
"""

import json
import pathlib

from absl import logging

from res3d import atomic

EXAMPLE = "res3d import-weights r3d_18-b3b3357e.pth --output=r3d_18.keras"
SUFFIX = ".keras"


def add_flags(parser):
    parser.add_argument("file", help="checkpoint to read")
    parser.add_argument("--output", help="model to write, ending in .keras; without it the file is only described")
    parser.add_argument("--model", help="network to build, a name of `res3d models`; found out by default")
    parser.add_argument("--source", help="whose names the file has: torchvision, pytorchvideo, pyslowfast, kenshohara, "
                                         "vmz or mmaction2; found out by default")
    parser.add_argument("--preset", help="preprocessing of the model, such as slow_8x8; the published one by default")
    parser.add_argument("--num_classes", type=int, help="another number of classes, with a new classifier")
    parser.add_argument("--inflate", choices=("centre", "mean"),
                        help="put a 2D checkpoint into a 3D --model: kernels at the middle tap in time, or over all")
    parser.add_argument("--labels", help="file with one label a line, kept beside the model as MODEL.labels.txt")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run(args):
    if args.output and not args.output.endswith(SUFFIX):
        raise ValueError(f"`--output` must end in {SUFFIX}. Received: {args.output!r}.")
    from res3d.weights.sources import recognise

    if not args.output:
        found = recognise(args.file, args.source)
        _report({"source": found.source, "model": found.model, "classes": found.classes}, args.json)
        return
    from res3d.weights.load import import_model

    labels = None
    if args.labels:
        labels = pathlib.Path(args.labels).read_text(encoding="utf-8").split("\n")
        labels = [line for line in labels if line.strip()]
    model, found = import_model(args.file, args.model, args.source, args.preset, args.num_classes, args.inflate)
    classes = model.output_shape[-1]
    if labels is not None and len(labels) != classes:
        raise ValueError(f"`--labels` must name {classes} classes, one a line. Received: {len(labels)} lines in "
                         f"{args.labels!r}.")
    with atomic.renamed(args.output, SUFFIX) as aside:
        model.save(aside)
    if labels is not None:
        atomic.write_aside(f"{args.output.removesuffix(SUFFIX)}.labels.txt", "\n".join(labels) + "\n")
    _report({"source": found.source, "model": found.model, "classes": classes, "clip": found.clip.to_dict(),
             "parameters": model.count_params(), "output": args.output}, args.json)


def _report(facts, as_json):
    if as_json:
        print(json.dumps(facts))
        return
    clip = facts.pop("clip", None)
    if clip:
        facts["clip"] = f"{clip['frames']} frames, step {clip['stride']}, {clip['height']}x{clip['width']}"
    for name, value in facts.items():
        print(f"{name:<10} {value}")
    if "output" in facts:
        logging.info("wrote %s", facts["output"])
