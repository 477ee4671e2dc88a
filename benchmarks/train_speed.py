"""A step of training fed by the pipeline beside the same step fed from memory, and evaluation beside its parts.

    python benchmarks/train_speed.py                         generated videos, direct decoding
    python benchmarks/train_speed.py --data=PREPARED         a prepared folder, or any other data
    python benchmarks/train_speed.py --model=r3d_18 --size=112 --frames=16

Prints the milliseconds of a step from memory, from the data, and their ratio; then, for a many-view protocol, the
seconds of evaluating videos against the time of the network alone, fed from memory, plus one decode.
"""

import argparse
import dataclasses
import pathlib
import tempfile
import time

import keras
import numpy as np

import pipelines
import res3d
from pipelines import sample, video
from pipelines.manifest import Manifest
from res3d.commands.scoring import Network, score
from res3d.training.losses import ClassificationLoss


def seconds_a_step(model, batches, steps, epochs=3):
    """The fastest of `epochs` passes, the first of which also compiles."""
    times = []
    for _ in range(epochs):
        started = time.perf_counter()
        model.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False)
        times.append((time.perf_counter() - started) / steps)
    return min(times[1:])


def steps(args, clip, data):
    """(seconds from memory, seconds from the data) of one step."""
    train = pipelines.training_clips(data, clip, batch_size=args.batch, seed=0, split=args.split)
    pixels, labels = next(iter(train))
    pixels, labels = pixels.numpy(), labels.numpy()
    repeats = -(-args.batch // len(pixels))
    pixels, labels = (np.concatenate([part] * repeats)[:args.batch] for part in (pixels, labels))
    model = res3d.build(args.model, train.num_classes, clip, width=args.width)
    model.compile("sgd", ClassificationLoss(), jit_compile=False)
    import tensorflow as tf

    memory = tf.data.Dataset.from_tensors((pixels, labels)).repeat().prefetch(2)
    count = min(args.steps, train.steps_per_epoch)
    return seconds_a_step(model, memory, count), seconds_a_step(model, train.repeat(), count)


def evaluation(args, clip, data):
    """(seconds of evaluating, seconds of the network alone, seconds of decoding once) of all videos but the first.

    The first one pays for tracing: what is told is the difference between evaluating all and evaluating one.
    """
    network = res3d.build(args.model, pipelines.read_manifest(data).num_classes, clip, width=args.width)
    manifest = pipelines.read_manifest(data, split=args.split)
    few, one = (type(manifest)(manifest.entries[:count], manifest.labels, (), manifest.multi_label)
                for count in (args.videos + 1, 1))
    alone = Network(network, clip, sample.protocol(args.protocol))
    views = [pixels.numpy() for pixels, *_ in pipelines.evaluation_views(few, clip, args.protocol)]
    alone(views[0])
    alone.seconds = 0.0
    for pixels in views[1:]:
        alone(pixels)
    decode = sum(seconds_of_decoding(entry, clip, args.protocol) for entry in few.entries[1:])
    first, all_of_them = (score(network, clip, chosen, args.protocol, manifest.labels, progress=False).seconds
                          for chosen in (one, few))
    return all_of_them - first, alone.seconds, decode


def seconds_of_decoding(entry, clip, protocol):
    """Seconds of one pass over the frames that a protocol takes of a video, or of the views of a record."""
    if hasattr(entry, "shard"):
        started = time.perf_counter()
        record = Manifest([dataclasses.replace(entry, labels=())], [])
        list(pipelines.evaluation_views(record, clip, protocol, workers=1))
    else:
        info = video.probe(entry.path)
        frames = sorted({frame for row in sample.protocol(protocol).indices(info, clip) for frame in row})
        started = time.perf_counter()
        video.read_frames(entry.path, frames, info=info)
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
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--videos", type=int, default=8)
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
        memory, fed = steps(args, clip, data)
        print(f"{args.model} {args.frames}x{args.size}, batch {args.batch}")
        print(f"step from memory  {1e3 * memory:8.1f} ms")
        print(f"step from data    {1e3 * fed:8.1f} ms")
        print(f"ratio             {fed / memory:8.3f}   (aim from records: 1.05)")
        whole, network, decode = evaluation(args, clip, data)
        print(f"{args.protocol}, {args.videos} videos: {whole:.2f} s; network alone {network:.2f} s, "
              f"one decode {decode:.2f} s; ratio {whole / (network + decode):.3f}   (aim: 1.1)")


if __name__ == "__main__":
    main()
