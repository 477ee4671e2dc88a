"""When things happen in real videos with times: the recipe spans_small beside a classifier of windows, and beside none.

    python benchmarks/real_spans.py --work=WORK --seeds 0 1 2

Falls and daily activities, of `RES3D_SHARED`/actions/gmdcsa24 (else ../shared/actions/gmdcsa24): the part `train`, ten
videos of two people in one room, and the part `test`, six of two other people in two other rooms; the four labels that
both parts have. Nothing is chosen on the test videos: no video is held out, and the last epochs count. Rows:

    spans        `res3d train --task=spans --recipe=spans_small`
    windows      the same network and recipe as a classifier of clips of a second, each labelled span being one; slid
                 over the videos a tenth of a second at a time, its scores read as spans as those of the first row are
    whole video  each label from beginning to end of every video, as sure as its share of the time trained on

Prints mean average precision by overlap, and of the steps that have one of the labels the share whose best label it is.
Sixteen videos of four people are a demonstration that it runs; they do not rank anything.
"""

import argparse
import csv
import os
import pathlib
import time

import numpy as np

from pipelines.sample.streaming import taken_frames
from pipelines.spans import read_spans
from pipelines.video.reading import probe
from res3d.evaluation.metrics import softmax
from res3d.evaluation.spans import span_map
from res3d.saving import load_model
from res3d.spans import Span, SpanSpec, decode
from res3d.training.recipe import find_recipe
from res3d.training.workfolder import WorkFolder
from res3d.workflows.spans.evaluate import load_spans_run
from res3d.workflows.spans.scoring import step_scores
from res3d.workflows.spans.train import train_spans
from res3d.workflows.train import train

ROOT = pathlib.Path(__file__).resolve().parents[1]
SET = pathlib.Path(os.environ.get("RES3D_SHARED", ROOT.parent / "shared")) / "actions" / "gmdcsa24"
LABELS = ("falling", "sitting", "standing", "walking")
RATE, OVERLAPS = 10.0, (0.1, 0.3, 0.5, 0.7)
CLIPS = ("task=clips", f"clip.frames={RATE:.0f}", "data.clips_per_video=8", "data.validation_fraction=0")


def listed(part, work):
    """The labels of a part as a table, by the names of the files in place."""
    with open(SET / "segments.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == part and row["label"] in LABELS]
    table = work / f"{part}.csv"
    with open(table, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "start", "end", "label", "group"))
        writer.writerows((SET / row["path"], row["start"], row["end"], row["label"],
                          os.path.basename(row["path"])[:2]) for row in rows)
    return table


def of_spans(train_table, folder, seed):
    """{video: scores (steps, labels)} and the contract to read them by, of the spans network."""
    recipe = find_recipe("spans_small", [f"seed={seed}", "data.validation_fraction=0"])
    train_spans(recipe, train_table, folder, overwrite=True)
    model, clip, spec = load_spans_run(folder)
    return lambda video: np.concatenate(list(step_scores(model, clip, spec, video))), spec


def of_windows(train_table, folder, seed):
    """The same of a classifier of clips, slid over a video a step at a time with each step in the middle of a clip."""
    recipe = find_recipe("spans_small", [f"seed={seed}", *CLIPS])
    train(recipe, train_table, folder, overwrite=True, leaks=False)
    run = WorkFolder(folder)
    model, size = load_model(run.model_file, compile=False), run.clip.frames

    def scores(video):
        frames = list(taken_frames(video, run.clip))
        filled = [frames[0]] * (size // 2) + frames + [frames[-1]] * (size - size // 2)
        clips = np.stack([np.stack(filled[step:step + size]) for step in range(len(frames))])
        return softmax(model.predict(clips, batch_size=16, verbose=0))

    return scores, SpanSpec(tuple(run.labels), RATE, size, none_class=False)


def of_shares(train_table, truths):
    """Spans of whole videos, each label as sure as its share of the time trained on; and the largest label."""
    seconds = dict.fromkeys(LABELS, 0.0)
    for span in read_spans(train_table):
        seconds[span.label] += span.end - span.start
    total = sum(seconds.values())
    found = [Span(0.0, probe(video).duration_seconds, label, share / total, video)
             for video in sorted({truth.video for truth in truths}) for label, share in seconds.items()]
    return found, max(seconds, key=seconds.get)


def steps_right(best, truths):
    """(right, all) of the steps of a video that have one label: `best` is the label of each."""
    right = counted = 0
    for step, label in enumerate(best):
        own = {truth.label for truth in truths if truth.start <= (step + 0.5) / RATE < truth.end}
        if len(own) == 1:
            right, counted = right + (label in own), counted + 1
    return np.array([right, counted])


def measured(scores, spec, truths):
    """(spans found, share of the steps that are right)."""
    found, counts = [], np.zeros(2)
    for video in sorted({truth.video for truth in truths}):
        curve = scores(video)
        found += decode(curve, spec, video)
        named = curve[:, int(spec.none_class):].argmax(axis=1)
        counts += steps_right([spec.labels[place] for place in named], [one for one in truths if one.video == video])
    return found, counts[0] / counts[1]


def line(name, found, truths, right, minutes):
    """A row of what is printed."""
    at = span_map(found, truths, OVERLAPS)["at"]
    shown = "  ".join(f"{overlap}: {value:.3f}" for overlap, value in at.items())
    return f"{name:<16} mAP at overlap {shown}; {100 * right:.1f} % of labelled steps; {minutes:.1f} minutes"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default="real_spans_benchmark", type=pathlib.Path,
                        help="folder for tables and runs (default: %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the recipe (default: 0)")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    train_table, test_table = (listed(part, args.work) for part in ("train", "test"))
    truths = list(read_spans(test_table))
    found, largest = of_shares(train_table, truths)
    counts = sum(steps_right([largest] * round(RATE * 60), [one for one in truths if one.video == video])
                 for video in {truth.video for truth in truths})
    print(line("whole video", found, truths, counts[0] / counts[1], 0.0), flush=True)
    for seed in args.seeds:
        for name, trained in (("spans", of_spans), ("windows", of_windows)):
            started = time.monotonic()
            scores, spec = trained(train_table, args.work / f"{name}{seed}", seed)
            minutes = (time.monotonic() - started) / 60
            found, right = measured(scores, spec, truths)
            print(line(f"seed {seed} {name}", found, truths, right, minutes), flush=True)


if __name__ == "__main__":
    main()
