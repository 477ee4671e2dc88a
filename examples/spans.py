"""From labelled long videos to a network that says when something happens, beside one that sees each frame alone.

    python examples/spans.py --output pictures
    python examples/spans.py --labels spans.csv --unseen others.csv --output pictures

Labels are what `pipelines.read_spans` reads. Without any, videos are generated in which a textured disc drifts about
and now and then grows, shrinks or turns, which no single frame tells. Both networks train by the recipe spans_small;
the baseline is a 2D residual network of 10 layers with a linear classifier of each frame. The picture shows one video
that was not trained on: what happens, what was found, and the scores of its steps.
"""

import argparse
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import matplotlib
import numpy as np

import pipelines
from pipelines import synthetic
from pipelines.dataset import SpanSet
from res3d.spans import decode
from res3d.training.recipe import find_recipe
from res3d.workflows.spans.evaluate import evaluate_spans, load_spans_run
from res3d.workflows.spans.scoring import step_scores
from res3d.workflows.spans.train import train_spans

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FRAMES_ALONE = ("model.name=resnet_10", "model.options={width: 0.25}", "spans.dilations=[]")
UNSEEN = 1001  # seed of the generated videos to evaluate on, in which nothing happens when it does in the others


def draw(folder, table, path):
    """The first video of `table`: rows of its labels, truth above answer, over curves of their scores."""
    model, clip, spec = load_spans_run(folder)
    spans = SpanSet(pipelines.read_spans(table))
    video = spans.videos[0]
    scores = np.concatenate(list(step_scores(model, clip, spec, video)))
    figure, (rows, curves) = plt.subplots(2, sharex=True, figsize=(10, 5), height_ratios=(1, 1))
    for place, label in enumerate(spec.labels):
        for span in spans.of(video):
            if span.label == label:
                rows.barh(place + 0.2, span.end - span.start, 0.35, span.start, color=f"C{place}")
        for span in decode(scores, spec, video):
            if span.label == label and span.score >= spec.threshold:
                rows.barh(place - 0.2, span.end - span.start, 0.35, span.start, color=f"C{place}", alpha=0.4)
        curves.plot(np.arange(len(scores)) / spec.rate, scores[:, place + spec.none_class], color=f"C{place}")
    rows.set_yticks(range(len(spec.labels)), spec.labels)
    rows.set_title("what happens (dark) and what was found (light)")
    curves.set_xlabel("seconds")
    curves.set_ylabel("score")
    figure.savefig(path, dpi=100, bbox_inches="tight")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", help="spans to train on; without them, videos are generated")
    parser.add_argument("--unseen", help="spans of other videos to evaluate on")
    parser.add_argument("--videos", type=int, default=8, help="generated videos to train on")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each is")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--output", default="pictures", help="folder for runs and picture (default: %(default)s)")
    args = parser.parse_args()
    output = pathlib.Path(args.output)
    if (args.labels is None) != (args.unseen is None):
        parser.error("give --labels and --unseen, or neither")
    table = args.labels or synthetic.write_long(output / "spans_train", args.videos, args.seconds)
    unseen = args.unseen or synthetic.write_long(output / "spans_unseen", max(args.videos // 2, 1), args.seconds, "val",
                                                 seed=UNSEEN)
    settings = [f"schedule.epochs={args.epochs}", *(["schedule.warmup_epochs=0"] if args.epochs == 1 else [])]
    found = []
    for name, changes in (("spans_run", ()), ("spans_frames_run", FRAMES_ALONE)):
        train_spans(find_recipe("spans_small", [*settings, *changes]), table, output / name, overwrite=True)
        found.append(evaluate_spans(output / name, unseen)["map_at"]["0.5"])
    draw(output / "spans_run", unseen, output / "spans.png")
    print(f"result: spans mAP at overlap 0.5 {found[0]:.3f}, frames alone {found[1]:.3f}")


if __name__ == "__main__":
    main()
