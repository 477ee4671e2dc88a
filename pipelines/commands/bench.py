"""Where the time goes: clips per second of each phase from videos to a training step, the slowest, and the remedy.

Every phase is measured alone, with as many threads as clips are decoded at once; then the whole pipeline. Of many
videos, only as many are used as can be probed in the time of a phase.
"""

import json

EXAMPLE = "res3d bench pipeline data/train --model=r3d_18 --batch_size=8"

MIN_VIDEOS = 32  # measured at least, if there are as many
AUGMENTS = ("none", "crop", "color", "rand")
TITLES = {
    "probe": "probe (first epoch only)",
    "decode": "decode",
    "augment": "augment",
    "batch": "batch",
    "pipeline": "whole pipeline",
    "step": "step of the network",
}
REMEDIES = {
    "decode": "prepare the videos once as records (`res3d prepare DATA OUT`) and train on OUT; or take several clips "
              "of each decoded video (clips_per_video), which costs variety",
    "decode_records": "prepare smaller pictures (`res3d prepare --short_side`), take several clips of each record "
                      "(clips_per_video), which costs variety, or have other machines read (`res3d data-dispatcher`)",
    "decode_workers": "decode more clips at once (workers): there are {cores} cores and {workers} in use",
    "augment": "augment less, or begin the chain with random_resized_crop, which works on the decoder's own pictures",
    "batch": "use smaller clips: pictures are only copied here, and memory is the limit",
    "pipeline": "leave cores free for the input: the phases are fast alone and slow together",
    "step": "nothing to gain in the input: use mixed precision, a smaller clip or network, or a faster device",
}


def add_flags(parser):
    """Adds the command's flags to an argparse parser."""
    parser.add_argument("what", choices=["pipeline"], help="what to measure")
    parser.add_argument("data", help="folder of class folders, manifest, annotation file or prepared folder")
    parser.add_argument("--split", help="only this split of the data")
    parser.add_argument("--clip", default="16x2x112", metavar="FRAMESxSTRIDExSIZE|PRESET",
                        help="what a clip is (default: %(default)s)")
    parser.add_argument("--batch_size", type=int, default=8, help="clips in a batch (default: %(default)s)")
    parser.add_argument("--workers", type=int, help="clips decoded at once (default: one a core)")
    parser.add_argument("--augment", choices=AUGMENTS, default="crop",
                        help="crop: random resized crop and flip; color, rand: colour jitter or RandAugment on top "
                             "(default: %(default)s)")
    parser.add_argument("--model", default="r3d_18",
                        help="network whose training step is measured, or 'none' (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each phase is measured "
                        "(default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")


def run(args):
    """Prints the rates and the verdict."""
    found = measure(args)
    print(json.dumps(found, indent=2) if args.json else table(found))


def measure(args):
    """What `--json` prints: clips per second by phase, the slowest phase, the remedy, and what was measured."""
    from pipelines import bench
    from pipelines.augment.chaining import chain
    from pipelines.commands.flags import parse_clip
    from pipelines.dataset.facts import default_workers
    from pipelines.dataset.training import training_clips
    from pipelines.records import index

    if args.seconds <= 0:
        raise ValueError(f"`--seconds` must be positive. Received: {args.seconds}.")
    clip = parse_clip(args.clip)
    steps = augmentation(args.augment, clip)
    workers = args.workers if args.workers is not None else default_workers()

    def clips_of(data, batch_size, steps, split=None):
        return training_clips(data, clip, batch_size, split=split, workers=workers,
                              augment=chain(*steps) if steps else None)

    train = clips_of(args.data, args.batch_size, steps, args.split)
    found, videos, records = {}, len(train.manifest), index.of_manifest(train.manifest)
    if records:  # decoded by the graph
        found["decode"] = bench.pipeline_rate(clips_of(train.manifest, 1, steps[:1]), args.seconds)
    else:
        found["probe"] = bench.probe_rate(train.manifest, workers, args.seconds)
        most = max(MIN_VIDEOS, round(found["probe"] * args.seconds))
        train = clips_of(bench.some_of(train.manifest, most), args.batch_size, steps)
        found["decode"] = bench.decode_rate(train.reader, steps[0].box if steps else None, workers, args.seconds)
    if steps[1:]:
        found["augment"] = bench.augment_rate(chain(*steps[1:]), clip, workers, args.seconds)
    found["batch"] = bench.batch_rate(clip, args.batch_size, workers, args.seconds)
    found["pipeline"] = bench.pipeline_rate(train, args.seconds)
    if args.model != "none":
        found["step"] = step_rate(args.model, train, clip, args.batch_size, args.seconds)
    slowest, remedy = verdict(found, workers, default_workers(), records)
    return {"clips_per_second": {name: round(value, 2) for name, value in found.items()}, "bottleneck": slowest,
            "remedy": remedy, "clip": list(clip.shape), "batch_size": args.batch_size, "workers": workers,
            "videos": videos, "measured": len(train.manifest), "model": args.model, "augment": args.augment,
            "bad": [{"path": path, "reason": reason} for path, reason in train.quarantine]}


def verdict(found, workers, cores, records=False):
    """(slowest phase, what to do): the step, unless the pipeline cannot keep up with it; then its slowest phase."""
    if "step" in found and found["step"] <= found["pipeline"]:
        return "step", REMEDIES["step"]
    phases = {name: value for name, value in found.items() if name in ("decode", "augment", "batch")}
    slowest = min(phases, key=phases.get)
    if phases[slowest] > 2 * found["pipeline"]:
        slowest = "pipeline"
    if slowest == "decode" and workers < cores:
        return slowest, REMEDIES["decode_workers"].format(cores=cores, workers=workers)
    return slowest, REMEDIES["decode_records" if records and slowest == "decode" else slowest]


def step_rate(name, train, clip, batch_size, seconds):
    """Clips per second of `train_on_batch`, fed from memory."""
    import keras
    import numpy as np

    import res3d
    from pipelines.bench import rate

    model = res3d.build(name, num_classes=max(train.num_classes, 2), clip=clip)
    model.compile(keras.optimizers.SGD(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    clips = np.random.default_rng(0).integers(0, 256, (batch_size, *clip.shape), np.uint8)
    labels = np.zeros(batch_size, np.int32)

    def work():
        model.train_on_batch(clips, labels)
        return batch_size

    return rate(work, seconds)


def augmentation(name, clip):
    """The steps of `--augment`."""
    from pipelines.augment import colour, crops, flip, randaugment

    steps = [crops.random_resized_crop(clip.height, clip.width), flip.random_flip()]
    more = {"none": None, "crop": [], "color": [colour.color_jitter()], "rand": [randaugment.rand_augment()]}[name]
    return [] if more is None else steps + more


def table(found):
    """The lines that are printed without `--json`."""
    shape = "x".join(map(str, found["clip"]))
    few = f"{found['measured']} of " if found["measured"] < found["videos"] else ""
    lines = [f"{few}{found['videos']} videos, clips of {shape}, batches of {found['batch_size']}, {found['workers']} "
             "workers", ""]
    for name, value in found["clips_per_second"].items():
        title = f"{TITLES[name]} ({found['model']})" if name == "step" else TITLES[name]
        lines.append(f"  {title:<34} {value:>10.1f} clips/s{'   <- slowest' if name == found['bottleneck'] else ''}")
    if found["bad"]:
        lines += ["", f"{len(found['bad'])} videos cannot be used; `res3d doctor` tells why."]
    return "\n".join([*lines, "", f"Cheapest remedy: {found['remedy']}."])
