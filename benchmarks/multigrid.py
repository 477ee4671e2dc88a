"""Multigrid training beside the plain schedule: accuracy, core seconds, steps.

    PYTHONPATH=. python benchmarks/multigrid.py [--seeds 0 1 2] [--epochs=10] [--size=40] [--videos=24] [--work=FOLDER]
    PYTHONPATH=. python benchmarks/multigrid.py --actions=mocap [--seeds 0 1 2] [--work=FOLDER]

All sides train the same small network with the same recipe. `multigrid` has cycles and as many times the epochs as it
stretches the schedule by, `one_batch` the cycles alone: batches stay as large as they are
(`multigrid.grow_batch=false`), so that there are as many steps, and cheaper ones. Data are generated videos, learnt
from nothing, of which the accuracy is that of the part `val`, or with `--actions` one of the sets of `real_actions.py`,
trained on by the recipe that `--recipe=auto` chooses, of which it is that of the part `test`; its network cannot see
clips as small as those of short cycles, and has the long ones alone. Each run is a process of its own. `core seconds`
are of all threads of the whole run, compiling and reading included, which a busy machine changes little; `compiled` are
shapes. A run that is done is written to WORK/multigrid.jsonl and not done again.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

SIDES = {"plain": (), "multigrid": ("multigrid.long=true",),
         "one_batch": ("multigrid.long=true", "multigrid.grow_batch=false", "multigrid.stretch=1.0")}
MINUTES = 60.0  # that auto chooses for


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    for name, number in (("epochs", 10), ("size", 40), ("videos", 24)):
        parser.add_argument(f"--{name}", type=int, default=number, help="of generated videos (default: %(default)s)")
    parser.add_argument("--stretch", type=float, default=1.5)
    parser.add_argument("--actions", help="a set of real actions in place of generated videos")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--work", help="where videos and runs lie (default: a temporary folder)")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        args.work = pathlib.Path(args.work or temporary)
        args.work.mkdir(parents=True, exist_ok=True)
        if args.side is not None:
            print(json.dumps(trained(args)))
            return
        compare(args)


def compare(args):
    """Prints a line for each side and seed."""
    from benchmarks.real_actions import Store

    store, options = Store(args.work / "multigrid.jsonl"), prepared(args)
    print(f"{'side':12}{'seed':>6}{'epochs':>8}{'steps':>8}{'compiled':>10}{'core seconds':>14}{'accuracy':>10}")
    for seed in args.seeds:
        for side in args.sides:
            key = (side, seed, *options)
            if key not in store.rows:
                done = subprocess.run([sys.executable, __file__, *options, f"--side={side}", f"--seeds={seed}"],
                                      check=True, stdout=subprocess.PIPE, text=True)
                store.add(key, json.loads(done.stdout.splitlines()[-1]))
            row = store.rows[key]
            print(f"{side:12}{seed:6}{row['epochs']:8}{row['steps']:8}{row['shapes']:10}{row['seconds']:14.1f}"
                  f"{row['accuracy']:10.3f}", flush=True)


def prepared(args):
    """The options of every run; its data, and a recipe that has to be chosen, are made."""
    options = [f"--stretch={args.stretch}", f"--work={args.work}"]
    if args.actions is None:
        from pipelines import synthetic

        if not (args.work / "videos").is_dir():
            synthetic.write(args.work / "videos", train_per_class=args.videos, val_per_class=8)
        return [*options, *(f"--{name}={getattr(args, name)}" for name in ("epochs", "size"))]
    from benchmarks.real_actions import listed
    from res3d.workflows.choosing.choose import choose_recipe

    if not (args.work / f"{args.actions}.yaml").is_file():  # chosen once, so that all sides have it
        recipe, chosen = choose_recipe(listed(args.actions, args.work), MINUTES)
        print("\n".join(map(str, chosen)), flush=True)
        (args.work / f"{args.actions}.yaml").write_text(recipe.to_yaml(), encoding="utf-8")
    return [*options, f"--actions={args.actions}"]


def trained(args):
    """One run: what it reached on the held-out videos at its end, and what it cost."""
    from res3d.training.recipe import find_recipe
    from res3d.workflows.evaluate import evaluate
    from res3d.workflows.train import train
    from res3d.workflows.training_data import load_training_data

    (seed,) = args.seeds
    settings = [f"seed={seed}", f"multigrid.stretch={args.stretch}", *SIDES[args.side]]
    if args.actions:
        data, name = args.work / f"{args.actions}.csv", args.work / f"{args.actions}.yaml"
        settings += ["stop.max_minutes=null"]
    else:
        data, name = args.work / "videos", "demo"
        settings += ["model.name=r3d_10", "model.options.width=0.25", "clip.frames=12", "clip.stride=1",
                     f"clip.height={args.size}", f"clip.width={args.size}", f"clip.resize={args.size}",
                     "data.batch_size=8", "data.cache=memory", f"schedule.epochs={args.epochs}",
                     "optimizer.precise_norm=8"]
        settings += ["multigrid.short=true"] if SIDES[args.side] else []
    recipe, folder = find_recipe(name, settings), args.work / f"{args.actions or 'generated'}_{args.side}_{seed}"
    started = time.process_time()
    rows = train(recipe, data, folder, leaks=False, overwrite=True)
    seconds = time.process_time() - started
    sizes = load_training_data(recipe, data).sizes
    shapes = {turn for epoch in range(recipe.epochs) for turn in recipe.cycles.turns(epoch)} if recipe.cycles else {1}
    found = (evaluate(folder, data, split="test", progress=False)["top1"] if args.actions
             else rows[-1]["val_accuracy"])
    return {"epochs": recipe.epochs, "steps": sizes.before(recipe.epochs), "shapes": len(shapes), "seconds": seconds,
            "accuracy": found}


if __name__ == "__main__":
    main()
