"""What `res3d train` reaches on people and recordings that it has never seen, beside what needs no network, and torch.

    python benchmarks/real_actions.py --work=WORK                              all but torch: hours on two cores
    python benchmarks/real_actions.py --work=WORK --sets mocap --seeds 0 --rows auto baselines
    python benchmarks/real_actions.py --work=OTHER --rows auto torch --set start.weights=null --torch-python=PYTHON

Sets are the folders of `RES3D_SHARED`/actions (else ../shared/actions) with a `clips.csv`: trained is on its part
`train`, figures are of its part `test`, which shares no group with it and which nothing here chooses by. Rows:

    auto        `res3d train --recipe=auto --minutes=MINUTES`, and `res3d evaluate --split=test`
    small_data  the recipe of that name
    baselines   chance, the largest class, linear classifiers of one frame and of frame differences
    torch       a plain loop in torch, of the recipe that `auto` chose, on the very batches of its input pipeline; it
                begins from nothing, and so must that recipe

A row that is done is written to WORK/rows.jsonl and not done again; a run that was interrupted goes on where it was.
Prints a Markdown table a set: the accuracy of each seed, their mean, 95 % over groups (of the first seed), minutes.
"""

import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
ACTIONS = pathlib.Path(os.environ.get("RES3D_SHARED", ROOT.parent / "shared")) / "actions"
BASELINES = ("chance", "largest_class", "middle_frame", "frame_differences")
ROWS = ("auto", "small_data", "baselines", "torch")


def trained(args, data, folder, recipe, chosen=()):
    """{figure: value} of a run on the test part, trained first where it is not."""
    from res3d.workflows.evaluate import evaluate
    from res3d.workflows.train import train

    started = time.monotonic()
    history = train(recipe, data, folder, chosen=chosen)
    minutes = (time.monotonic() - started) / 60
    found = evaluate(folder, data, split="test", progress=False)
    baselines = {name: figures["top1"] for name, figures in found["baselines"].items()}
    return {"top1": found["top1"], "interval": found["intervals"].get("top1"), "minutes": minutes,
            "epochs": len(history), "baselines": baselines}


def auto(args, data, name, seed):
    """The row of `--recipe=auto`."""
    from res3d.workflows.choosing.choose import recipe_for

    folder, started = args.work / f"{name}-auto-{seed}", time.monotonic()
    recipe, chosen = recipe_for(data, folder, args.minutes, [f"seed={seed}", *args.settings])
    print("\n".join(chosen), flush=True)
    choosing = (time.monotonic() - started) / 60
    found = trained(args, data, folder, recipe, chosen)
    return found | {"minutes": found["minutes"] + choosing, "chosen": chosen}


def small_data(args, data, name, seed):
    """The row of the recipe `small_data`."""
    from res3d.training.recipe import find_recipe

    return trained(args, data, args.work / f"{name}-small_data-{seed}", find_recipe("small_data", [f"seed={seed}"]))


def torch(args, data, name, seed):
    """The row of the plain loop: our batches go to it through a pipe, its answer comes back."""
    from pipelines.dataset.evaluation import evaluation_clips
    from res3d.training.workfolder import WorkFolder
    from res3d.workflows.training_data import load_training_data

    folder = WorkFolder(args.work / f"{name}-auto-{seed}")
    if not folder.recipe_file.is_file():
        raise ValueError(f"The row 'torch' repeats the recipe of 'auto'. '{folder}' has none: do that row first.")
    recipe, started = folder.recipe, time.monotonic()
    if recipe.start.weights is not None:
        raise ValueError("The row 'torch' begins from nothing, and so must the row 'auto' beside it. "
                         f"'{folder}' began from start.weights={recipe.start.weights}: do both rows in another --work "
                         "with --set start.weights=null.")
    fed = load_training_data(recipe, data)
    test = evaluation_clips(fed.split.whole.select("test"), clip=recipe.clip, batch_size=recipe.data.batch_size)
    head = {"recipe": recipe.to_mapping(), "classes": len(fed.labels), "steps": fed.train.steps_per_epoch}
    with subprocess.Popen([args.torch_python, str(ROOT / "benchmarks" / "torch_loop.py")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as loop:
        loop.stdin.write(json.dumps(head).encode() + b"\n")
        for epoch in range(recipe.schedule.epochs):
            send(loop.stdin, fed.train.at(epoch, 0))
        loop.stdin.write(bytes(4))
        send(loop.stdin, test)
        loop.stdin.close()
        answer = loop.stdout.read()
    return json.loads(answer) | {"minutes": (time.monotonic() - started) / 60}


def send(pipe, batches):
    """Batches as: their number of clips in 4 bytes, the clips, the labels as int32."""
    for clips, labels in batches:
        pipe.write(len(clips).to_bytes(4, "little") + clips.numpy().tobytes() + labels.numpy().astype("<i4").tobytes())


class Store:
    """Rows that are done, a line of JSON each."""

    def __init__(self, path):
        self.path = path
        lines = path.read_text().splitlines() if path.is_file() else []
        self.rows = {tuple(row["key"]): row for row in map(json.loads, lines)}

    def add(self, key, found):
        self.rows[key] = found | {"key": list(key)}
        with open(self.path, "a") as file:
            file.write(json.dumps(self.rows[key]) + "\n")


def table(store, name, seeds):
    """The lines of one set."""
    lines = [f"**{name}**, seeds {', '.join(map(str, seeds))}", "",
             "| row | top-1 of each seed | mean | 95 % over groups | minutes |", "|---|---|---:|---|---:|"]
    for row in ("auto", "small_data", "torch"):
        found = [store.rows[name, row, seed] for seed in seeds if (name, row, seed) in store.rows]
        if found:
            span, each = found[0].get("interval"), (f"{100 * one['top1']:.1f}" for one in found)
            lines.append(f"| {row} | {', '.join(each)} | "
                         f"{100 * statistics.mean(one['top1'] for one in found):.1f} % | "
                         + (f"{100 * span[0]:.1f} to {100 * span[1]:.1f} %" if span else "")
                         + f" | {statistics.mean(one['minutes'] for one in found):.1f} |")
    some = next((one["baselines"] for (of, *_), one in store.rows.items() if of == name and "baselines" in one), {})
    lines += [f"| {what.replace('_', ' ')} | | {100 * some[what]:.1f} % | | |" for what in BASELINES if what in some]
    return [*lines, ""]


def baselines(args, data, name, seed):
    """What needs no network, of which `evaluate` has the same figures in every run."""
    from pipelines.grouping.groups import groups_of
    from pipelines.manifest import read_manifest
    from res3d.workflows.judging.baselines import baseline_figures

    started, sides = time.monotonic(), [read_manifest(data).select(split) for split in ("train", "test")]
    found = baseline_figures(*sides, *(list(groups_of(side).names) for side in reversed(sides)))
    return {"baselines": {what: figures["top1"] for what, figures in found.items()},
            "minutes": (time.monotonic() - started) / 60}


def listed(name, work):
    """The clips of a set as a manifest; `start` and `end` in some lists are about where a clip was cut out of."""
    manifest = work / f"{name}.csv"
    with open(ACTIONS / name / "clips.csv", encoding="utf-8", newline="") as clips, \
            open(manifest, "w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, ("path", "label", "group", "split"), extrasaction="ignore")
        rows.writeheader()
        rows.writerows(row | {"path": ACTIONS / name / row["path"]} for row in csv.DictReader(clips))
    return manifest


def main():
    there = sorted(path.parent.name for path in ACTIONS.glob("*/clips.csv"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder of work folders and finished rows")
    parser.add_argument("--sets", nargs="+", default=there, help=f"of {', '.join(there)} (default: all)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=60.0, help="of a run of auto (default: %(default)s)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=[row for row in ROWS if row != "torch"])
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="FIELD=VALUE",
                        help="a field of auto's recipe that is settled")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python with torch (default: this one)")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    store = Store(args.work / "rows.jsonl")
    for name in args.sets:
        if name not in there:
            parser.error(f"a set is a folder of {ACTIONS} with a clips.csv: one of {', '.join(there) or 'none'}. "
                         f"Received: {name}")
        data = listed(name, args.work)
        for row in args.rows:
            for seed in args.seeds[:1] if row == "baselines" else args.seeds:
                if (name, row, seed) not in store.rows:
                    print(f"{name}, {row}, seed {seed}", flush=True)
                    store.add((name, row, seed), globals()[row](args, data, name, seed))
    print("\n".join(line for name in args.sets for line in table(store, name, args.seeds)))


if __name__ == "__main__":
    main()
