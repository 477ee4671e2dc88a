"""Writes a trained network as a SavedModel version that TensorFlow Serving, and `res3d serve`, load as it is.

The version is written aside, loaded in a fresh process by TensorFlow's C++ session, compared with Keras for every
signature, and only then given its number. Labels, clip and model card travel with it. --format=onnx, openvino and
litert write one file for those runtimes, proved the same way.
"""

import json
import os
import sys

from res3d.commands.clips_alone import refuse_for_spans
from res3d.commands.published.flags import add_fetch_flags, allow

FILES = ("onnx", "openvino", "litert")  # formats of one file, for another runtime
NOT_FOR_FILES = {"version": None, "top": 5, "dtype": "float32", "warmup_batches": "1", "runtime_dir": None,
                 "verify": True}  # flag: what it is when it is not given
EXAMPLE = "res3d export --workdir=runs/first --output=exports/actions"


def add_flags(parser):
    """Flags of `res3d export`."""
    parser.add_argument("--workdir", help="work folder of `res3d train`; its best model is exported")
    parser.add_argument("--model", help="instead a preset folder, a .keras file, its labels.txt beside it, or "
                        "published weights by name")
    parser.add_argument("--output", required=True, metavar="DIR/NAME", help="the model's folder, NAME as it is served")
    parser.add_argument("--format", default="saved_model", choices=("saved_model", *FILES, "safetensors", "preset"),
                        help="what to write: a version to serve; a file that ONNX Runtime, OpenVINO or LiteRT runs; "
                             "the weights for torch, as OUTPUT.safetensors; or a folder to share, which Keras loads "
                             "(default: %(default)s)")
    parser.add_argument("--batch", type=int,
                        help="clips that a file of another runtime takes at once (default: any, for LiteRT one)")
    parser.add_argument("--axes", type=int, choices=(4, 5),
                        help="most axes of a tensor in a file of another runtime: with 4, frames stand on the batch "
                             "axis, and no convolution is 3D (default: 4 for LiteRT and for ONNX in 8 bits, else 5)")
    parser.add_argument("--layout", help="whose names the weights get with --format=safetensors: torchvision, "
                                         "pytorchvideo, mmaction2 ... (default: those its network was published with)")
    parser.add_argument("--push", metavar="hf://ORG/NAME", help="upload the folder of --format=preset to the hub")
    parser.add_argument("--version", type=int, help="version number (default: the next free one)")
    parser.add_argument("--labels", help="file of label names, one a line")
    parser.add_argument("--multi_label", action="store_true", help="independent scores, several labels a clip")
    parser.add_argument("--activation", choices=("logits", "softmax", "sigmoid"),
                        help="what the model's numbers are (default: as it is made, and as they are)")
    parser.add_argument("--top", type=int, default=5, help="labels named in `top_classes` (default: %(default)s)")
    parser.add_argument("--nofold", dest="fold", action="store_false",
                        help="keep batch norms as they are: scores then equal those of model.predict to the last bit, "
                             "on the same machine and in the same batch; folded they are within 1e-5 of them")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"),
                        help="what the layers compute in (default: %(default)s)")
    parser.add_argument("--quantize", choices=("int8",), help="save kernels in 8 bits a weight: a quarter of the file; "
                        "for another runtime compute in 8 bits, calibrated on --data")
    parser.add_argument("--data", help="labelled videos on which the change by --dtype or --quantize is measured")
    parser.add_argument("--samples", type=int, help="how many of them (default: 64, and 300 to calibrate on)")
    parser.add_argument("--warmup_batches", default="1", help="batch sizes of the warm-up (default: %(default)s)")
    parser.add_argument("--runtime_dir", help="tensorflow folder of another version, to verify with its library")
    parser.add_argument("--json", action="store_true", help="print the path, the card and how it was verified as JSON")
    parser.add_argument("--noverify", dest="verify", action="store_false", help="skip the verification")
    add_fetch_flags(parser)


def run(args):
    """Exports, and prints where to and how it was verified."""
    allow(args)
    _check(args)
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"  # which alone writes SavedModels; weights are the same on all
    from res3d.training.workfolder import is_spans_run

    if is_spans_run(args.workdir or args.model):
        _export_spans(args)
        return
    if args.layout and args.format != "safetensors":
        raise ValueError("`--layout` names the weights of --format=safetensors. "
                         f"Received: layout={args.layout!r}, format={args.format!r}.")
    if args.format == "safetensors":
        from res3d.workflows.export import export_weights

        print(json.dumps(export_weights(args.workdir or args.model, args.output, args.layout), indent=2))
        return
    if args.push and args.format != "preset":
        raise ValueError(f"`--push` uploads what --format=preset writes. Received: format={args.format!r}.")
    if args.format == "preset":
        from res3d.workflows.export import export_preset

        print(json.dumps(export_preset(args.workdir or args.model, args.output, args.labels, args.push), indent=2))
        return
    for name in ("batch", "axes"):
        if getattr(args, name) is not None and args.format not in FILES:
            raise ValueError(f"`--{name}` is for --format={' or '.join(FILES)}. Received: format={args.format!r}.")
    if args.format in FILES:
        _export_file(args)
        return
    from res3d.workflows.export import export

    path = export(args.workdir, args.model, args.output, version=args.version, labels=args.labels, top=args.top,
                  multi_label=args.multi_label, fold=args.fold, dtype=args.dtype, quantize=args.quantize,
                  data=args.data, samples=args.samples or 64, warmup_batches=_sizes(args.warmup_batches),
                  verified=args.verify, runtime=args.runtime_dir, activation=args.activation)
    _tell_version(args, path)


def _tell_version(args, path):
    from res3d.workflows.export import card_of, summary

    print(json.dumps({"output": path, **card_of(path)}, indent=2) if args.json else summary(path))


def _check(args):
    if (args.workdir is None) == (args.model is None):
        raise ValueError("`res3d export` needs either --workdir or --model. Received "
                         f"{'neither' if args.workdir is None else 'both'}.")
    if args.samples is not None and args.samples < 1:
        raise ValueError(f"`--samples` must be 1 or more. Received: {args.samples}.")


def _export_spans(args):
    """Writes a version that finds spans in long videos and prints where to and how it was verified."""
    refuse_for_spans(args, ("labels", "multi_label", "activation", "quantize", "data", "samples", "batch", "layout",
                            "push"))
    for name, default in (("format", "saved_model"), ("dtype", "float32"), ("top", 5)):
        if getattr(args, name) != default:
            raise ValueError(f"`--{name}` is for clips. Received --{name}={getattr(args, name)} with a run of task "
                             "spans. Leave it out.")
    from res3d.workflows.spans.export import export_spans_run

    path = export_spans_run(args.workdir or args.model, args.output, version=args.version, verified=args.verify,
                            warmup_batches=_sizes(args.warmup_batches), runtime=args.runtime_dir)
    _tell_version(args, path)


def _export_file(args):
    """Writes a file for another runtime and prints where to and how it was verified."""
    for name, default in NOT_FOR_FILES.items():
        if getattr(args, name) != default:
            flag = "noverify" if name == "verify" else name
            raise ValueError(f"`--{flag}` is for --format=saved_model. Received it with format={args.format!r}. Leave "
                             "it out.")
    if (args.quantize is None) != (args.data is None):
        raise ValueError(f"--format={args.format} in 8 bits needs --quantize=int8 and the --data that it is calibrated "
                         f"on. Received: quantize={args.quantize!r}, data={args.data!r}.")
    if args.samples is not None and args.data is None:
        raise ValueError(f"`--samples` counts clips of --data. Received: samples={args.samples} without any.")
    from res3d.workflows.runtimes.export import export_for_runtime, file_summary

    path, report = export_for_runtime(args.workdir, args.model, args.output, format=args.format, labels=args.labels,
                                      multi_label=args.multi_label, batch=args.batch, axes=args.axes, fold=args.fold,
                                      activation=args.activation, data=args.data, samples=args.samples or 300)
    print(json.dumps({"output": path, **report}, indent=2) if args.json else file_summary(path, report))


def _sizes(text):
    try:
        sizes = tuple(int(size) for size in text.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        raise ValueError(f"`--warmup_batches` must be batch sizes such as 1,2,4. Received: {text!r}.")
    return sizes
