"""All phases of one data set measured, the slowest named, and what to do about it."""

from pipelines.arguments import default_workers
from pipelines.augment import chaining, color, crops, flip, randaugment
from pipelines.bench import rates
from pipelines.dataset.training import training_clips
from pipelines.records import index

MIN_VIDEOS = 32  # measured at least, if there are as many
PHASES = ("probe", "decode", "augment", "batch", "pipeline", "step")
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


def measure(data, clip, *, split=None, batch_size=8, workers=None, augment="crop", seconds=5.0, model="none",
            build=None, progress=lambda phase: None):
    """Clips per second by phase, the slowest phase, the remedy, and what was measured: a JSON-ready dict.

    Args:
        data: whatever `training_clips` takes.
        clip: `ClipSpec`.
        split: str or None. Only this split.
        batch_size: int. Clips in a batch.
        workers: int or None. Clips decoded at once; None is one a core.
        augment: "none", "crop", "color" or "rand".
        seconds: float. How long each phase is measured.
        model: name of the network whose training step is measured, or "none".
        build: function (name, num_classes=, clip=) that builds it.
        progress: function that is called with the name of each phase as it begins: one of `PHASES`.
    """
    steps = augmentation(augment, clip)
    workers = workers if workers is not None else default_workers()

    def clips_of(data, batch_size, steps, split=None):
        return training_clips(data, clip, batch_size, split=split, workers=workers,
                              augment=chaining.chain(*steps) if steps else None)

    train = clips_of(data, batch_size, steps, split)
    found, videos, records = {}, len(train.manifest), index.of_manifest(train.manifest)
    if records:  # decoded by the graph
        progress("decode")
        found["decode"] = rates.pipeline_rate(clips_of(train.manifest, 1, steps[:1]), seconds)
    else:
        progress("probe")
        found["probe"] = rates.probe_rate(train.manifest, workers, seconds)
        most = max(MIN_VIDEOS, round(found["probe"] * seconds))
        train = clips_of(rates.some_of(train.manifest, most), batch_size, steps)
        progress("decode")
        found["decode"] = rates.decode_rate(train.source, steps[0] if steps else None, workers, seconds)
    if steps[1:]:
        progress("augment")
        found["augment"] = rates.augment_rate(chaining.chain(*steps[1:]), clip, workers, seconds)
    progress("batch")
    found["batch"] = rates.batch_rate(clip, batch_size, workers, seconds)
    progress("pipeline")
    found["pipeline"] = rates.pipeline_rate(train, seconds)
    if model != "none":
        progress("step")
        network = build(model, num_classes=max(train.num_classes, 2), clip=clip)
        found["step"] = rates.step_rate(network, clip, batch_size, seconds)
    slowest, remedy = verdict(found, workers, default_workers(), records)
    bound = {} if "step" not in found else {"headspace": round(headspace(found["pipeline"], found["step"]), 3)}
    return bound | {"clips_per_second": {name: round(value, 2) for name, value in found.items()}, "bottleneck": slowest,
            "remedy": remedy, "clip": list(clip.shape), "batch_size": batch_size, "workers": workers,
            "videos": videos, "measured": len(train.manifest), "model": model, "augment": augment,
            "bad": [{"path": path, "reason": reason} for path, reason in train.quarantine]}


def headspace(pipeline, step):
    """Time of a step fed from memory over that of a step that waits for this input; 1 where no input could be faster.

    `pipeline` and `step` are clips per second, measured apart: cores that both want make it less.

    >>> headspace(50.0, 100.0), headspace(150.0, 100.0)
    (0.5, 1.0)
    """
    return min(pipeline, step) / step


def augmentation(name, clip):
    """The steps of `--augment`, in a list; the first is the crop."""
    steps = [crops.random_resized_crop(clip.height, clip.width), flip.random_flip()]
    more = {"none": None, "crop": [], "color": [color.color_jitter()], "rand": [randaugment.rand_augment()]}[name]
    return [] if more is None else steps + more


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
