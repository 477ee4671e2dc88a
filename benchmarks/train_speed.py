"""A step of training fed by the pipeline beside the same step fed from memory, and evaluation beside its parts.

    python benchmarks/train_speed.py                         generated videos, direct decoding
    python benchmarks/train_speed.py --data=PREPARED         a prepared folder, or any other data
    python benchmarks/train_speed.py --prepare               generated videos, prepared into records first
    python benchmarks/train_speed.py --width=0.25 --size=64 --frames=8    a step so short that feeding it shows

Both steps are those of one compiled model in `model.fit`, on batches of the same shape. Rounds alternate between the
two; each begins with steps that are not counted, in which the pipeline starts and its buffers reach a steady state.
Prints the medians over rounds of the milliseconds of a step from memory, from the data, and of their ratio, and the
lowest and highest ratio. Then, for a many-view protocol, the seconds of evaluating videos against the time of the
network alone, fed with the same views from memory, plus one decode: likewise the medians of alternating rounds.
"""

import argparse
import pathlib
import statistics
import tempfile
import time

import keras

import pipelines
import res3d
from pipelines.sample import protocols
from pipelines.video import reading
from res3d.training.losses import ClassificationLoss
from res3d.workflows.loading import ScoringNetwork
from res3d.workflows.scoring import score


class Clock(keras.callbacks.Callback):
    """Seconds of a step, over all but the first `warm` ones."""

    def __init__(self, warm):
        super().__init__()
        self.warm, self.steps, self.seconds = warm, 0, 0.0

    def on_train_batch_end(self, batch, logs=None):
        float(logs["loss"])  # waits for the step where the device works on its own
        if batch + 1 == self.warm:
            self.started = time.perf_counter()
        elif batch >= self.warm:
            self.steps, self.seconds = batch + 1 - self.warm, time.perf_counter() - self.started


def seconds_a_step(model, batches, steps, warm):
    """The mean over `steps` steps of one pass, after `warm` others."""
    clock = Clock(warm)
    model.fit(batches, steps_per_epoch=warm + steps, verbose=0, shuffle=False, callbacks=[clock])
    return clock.seconds / clock.steps


def steps(args, clip, data):
    """[(seconds from memory, seconds from the data)] of one step, a pair a round."""
    import tensorflow as tf

    train = pipelines.training_clips(data, clip, batch_size=args.batch, seed=0, split=args.split, drop_remainder=True)
    pixels, labels = next(iter(train))
    model = res3d.build(args.model, train.num_classes, clip, width=args.width)
    model.compile("sgd", ClassificationLoss(), jit_compile=False)
    memory = tf.data.Dataset.from_tensors((pixels, labels)).repeat().prefetch(2)
    seconds_a_step(model, memory, 1, 1)  # compiles
    return [tuple(seconds_a_step(model, batches, args.steps, args.warm) for batches in (memory, train.repeat()))
            for _ in range(args.rounds)]


def evaluation(args, clip, data):
    """[(seconds of evaluating, seconds of the network alone, seconds of decoding once)] of all videos but the first.

    The first one pays for tracing and for starting the pipeline: what is told is the difference between evaluating all
    and evaluating one.
    """
    network = res3d.build(args.model, pipelines.read_manifest(data).num_classes, clip, width=args.width)
    manifest = pipelines.read_manifest(data, split=args.split)
    few, one = (type(manifest)(manifest.entries[:count], manifest.labels, (), manifest.multi_label)
                for count in (args.videos + 1, 1))
    alone = ScoringNetwork(network, clip, protocols.protocol(args.protocol))
    views = [pixels.numpy() for pixels, *_ in pipelines.evaluation_views(few, clip, args.protocol)]
    alone(views[0])
    rounds = []
    for _ in range(args.rounds):
        alone.seconds = 0.0
        for pixels in views[1:]:
            alone(pixels)
        first, all_of_them = (score(network, clip, chosen, args.protocol, manifest.labels, progress=False).seconds
                              for chosen in (one, few))
        rounds.append((all_of_them - first, alone.seconds, seconds_of_decoding(few, clip, args.protocol)))
    return rounds


def seconds_of_decoding(manifest, clip, protocol):
    """Seconds of one pass over the frames that a protocol takes of all videos but the first.

    Frames of videos are decoded and not even scaled; records, which are read without Python, give their views.
    """
    if hasattr(manifest.entries[0], "shard"):
        views = iter(pipelines.evaluation_views(manifest, clip, protocol, workers=1))
        next(views)
        started = time.perf_counter()
        for _ in views:
            pass
        return time.perf_counter() - started
    infos = [reading.probe(entry.path) for entry in manifest.entries[1:]]
    wanted = [sorted({frame for row in protocols.protocol(protocol).indices(info, clip) for frame in row})
              for info in infos]
    started = time.perf_counter()
    for info, frames in zip(infos, wanted):
        reading.read_frames(info.path, frames, info=info)
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="data to feed from (default: generated videos)")
    parser.add_argument("--split", help="split of the data")
    parser.add_argument("--model", default="r3d_18")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=8, help="counted in a round")
    parser.add_argument("--warm", type=int, default=4, help="steps before them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--videos", type=int, default=8, help="to evaluate; 0 for none")
    parser.add_argument("--prepare", action="store_true", help="make records of the videos first")
    parser.add_argument("--protocol", default="torchvision_5")
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    clip = res3d.ClipSpec(frames=args.frames, stride=1, height=args.size, width=args.size)
    with tempfile.TemporaryDirectory() as folder:
        data = args.data
        if data is None:
            from pipelines import synthetic

            data, args.split = str(pathlib.Path(folder) / "motion"), args.split or "train"
            synthetic.write(data, train_per_class=12, val_per_class=1)
        if args.prepare:
            from pipelines.prepare.options import PrepareOptions
            from pipelines.prepare.run import prepare

            records = str(pathlib.Path(folder) / "records")
            prepare(data, records, PrepareOptions(clip))
            data = records
        pairs = steps(args, clip, data)
        memory, fed = (1e3 * statistics.median(column) for column in zip(*pairs))
        ratios = sorted(fed / memory for memory, fed in pairs)
        print(f"{args.model}, width {args.width:g}, {args.frames}x{args.size}, batch {args.batch}; "
              f"{args.rounds} rounds of {args.steps} steps")
        print(f"step from memory  {memory:8.1f} ms")
        print(f"step from data    {fed:8.1f} ms")
        print(f"ratio             {statistics.median(ratios):8.3f}   from {ratios[0]:.3f} to {ratios[-1]:.3f}   "
              "(aim from records: 1.05)")
        if not args.videos:
            return
        rounds = evaluation(args, clip, data)
        whole, network, decode = (statistics.median(column) for column in zip(*rounds))
        ratios = sorted(whole / (network + decode) for whole, network, decode in rounds)
        print(f"{args.protocol}, {args.videos} videos: {whole:.2f} s; network alone {network:.2f} s, "
              f"one decode {decode:.2f} s")
        print(f"ratio             {statistics.median(ratios):8.3f}   from {ratios[0]:.3f} to {ratios[-1]:.3f}   "
              "(aim: 1.1)")


if __name__ == "__main__":
    main()
