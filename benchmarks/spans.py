"""When things happen in long videos: the recipe spans_small beside a network that sees each frame alone.

    python benchmarks/spans.py --work=WORK --seed=1

Generated videos of a minute: a textured disc drifts about and now and then grows, shrinks or turns, which no single
frame tells. Both networks train on the same videos by the same recipe, and are scored on others, whose textures, sizes,
speeds, backgrounds and rates are outside the ranges of those. The network of frames is a 2D residual one of 10 layers,
deeper than the five of the recipe's, with a linear classifier of each frame. Prints mean average precision by overlap,
the minutes of training, how many times as fast as real time the unseen videos were read and scored, and by how much
memory grows from the first to the last of them.
"""

import argparse
import pathlib
import resource
import time

from pipelines import synthetic
from res3d.training.recipe import find_recipe
from res3d.workflows.spans.evaluate import evaluate_spans
from res3d.workflows.spans.predict import predict_spans
from res3d.workflows.spans.train import train_spans

ROWS = {"spans_small": (), "2D frames": ("model.name=resnet_10", "model.options={width: 0.25}", "spans.dilations=[]")}

UNSEEN = 1000  # between the seeds of the videos to train on and of the others, so that no schedule of events is alike


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default="spans_benchmark", help="folder for videos and runs (default: %(default)s)")
    parser.add_argument("--videos", type=int, default=8, help="to train on; half as many are unseen")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each video (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the recipe and of all videos (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="of the recipe, for both")
    parser.add_argument("--memory", type=float, default=0.0, help="minutes of one more video, whose memory is measured")
    args = parser.parse_args()
    work = pathlib.Path(args.work)
    table = synthetic.write_long(work / "train", args.videos, args.seconds, seed=args.seed)
    unseen = synthetic.write_long(work / "unseen", max(args.videos // 2, 1), args.seconds, split="val",
                                  seed=UNSEEN + args.seed)
    settings_of_all = (f"seed={args.seed}", *args.settings)
    for name, settings in ROWS.items():
        started = time.monotonic()
        folder = work / name.replace(" ", "_")
        train_spans(find_recipe("spans_small", [*settings, *settings_of_all]), table, folder, overwrite=True)
        minutes = (time.monotonic() - started) / 60
        figures = evaluate_spans(folder, unseen)
        shown = "  ".join(f"{overlap}: {value:.3f}" for overlap, value in figures["map_at"].items())
        print(f"seed {args.seed} {name:<12} mAP at overlap {shown}; {minutes:.1f} minutes, {figures['real_time']:.0f} "
              f"times real time; {figures['alarms_per_hour']:.1f} false alarms an hour at threshold "
              f"{figures['threshold']:.2f}",
              flush=True)
    if args.memory:
        long = synthetic.write_long(work / "long", 1, args.memory * 60, split="val", seed=UNSEEN + args.seed)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        predict_spans(work / "spans_small", [str(pathlib.Path(long).parent / "0000.avi")])
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{args.memory:g} minutes of one video: {before:.0f} MB at most before, {after:.0f} MB at most after")


if __name__ == "__main__":
    main()
