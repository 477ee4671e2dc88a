"""Turns a published checkpoint into a Keras model, without torch.

Reads .pth, .pt, .pyth, .pkl and .safetensors files of the projects that `--source` lists. Whose file it is and which
network it holds is found out from its tensors; what they cannot tell, such as X3D-S from X3D-M, its name can. The
saved model takes uint8 RGB clips and scales them as the file's makers did.
"""

import json

from absl import logging

EXAMPLE = "res3d import-weights r3d_18-b3b3357e.pth --output=r3d_18.keras"


def add_flags(parser):
    """Flags of `res3d import-weights`."""
    parser.add_argument("file", help="checkpoint to read")
    parser.add_argument("--output", help="model to write, ending in .keras; without it the file is only described")
    parser.add_argument("--model", help="network to build, a name of `res3d models`; found out by default")
    parser.add_argument("--source", help="whose names the file has: pytorchvideo, pyslowfast, mmaction2, vmz, "
                                         "medicalnet, i3resnet, ibm, tsm, timm, torchvision or kenshohara; found out "
                                         "by default")
    parser.add_argument("--preset", help="preprocessing of the model, such as slow_8x8; the published one by default")
    parser.add_argument("--num_classes", type=int, help="another number of classes, with a new classifier")
    parser.add_argument("--inflate", choices=("centre", "mean"),
                        help="put a 2D checkpoint into a 3D --model: kernels at the middle tap in time, or over all")
    parser.add_argument("--labels", help="file with one label a line, kept beside the model as MODEL.labels.txt")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run(args):
    """Converts the file, or only looks at it, and prints what was found."""
    if args.output:
        if not args.output.endswith(".keras"):
            raise ValueError(f"`--output` must end in .keras. Received: {args.output!r}.")
        from res3d.terminal.progress import steps
        from res3d.weights.conversion import STEPS, convert_file

        with steps("importing", STEPS) as begin:
            facts = convert_file(args.file, args.output, args.labels, begin, name=args.model, source=args.source,
                                 clip=args.preset, num_classes=args.num_classes, inflate=args.inflate)
    else:
        from res3d.weights.sources import recognise, trained_clip

        found = recognise(args.file, args.source)
        clip = trained_clip(found)
        facts = {"source": found.source, "model": found.model, "classes": found.classes,
                 **({"candidates": list(found.candidates)} if found.candidates else {}),
                 **({"clip": clip.to_dict()} if clip else {})}
    _report(facts, args.json)


def _report(facts, as_json):
    if as_json:
        print(json.dumps(facts))
        return
    clip = facts.pop("clip", None)
    if clip:
        how = "one of each part" if clip.get("sampling") == "segments" else f"step {clip['stride']}"
        facts["clip"] = f"{clip['frames']} frames, {how}, {clip['height']}x{clip['width']}"
    facts["model"] = facts["model"] or " or ".join(facts.pop("candidates", ["not known here"]))
    for name, value in facts.items():
        print(f"{name:<10} {value}")
    if "output" in facts:
        logging.info("wrote %s", facts["output"])
