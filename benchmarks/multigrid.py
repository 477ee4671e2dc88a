"""Multigrid training beside the plain schedule on generated videos: accuracy, core seconds, steps.

    PYTHONPATH=. python benchmarks/multigrid.py [--seeds 0 1 2] [--epochs=10] [--size=40] [--videos=24] [--work=FOLDER]

Both sides train the same small network from scratch with the same recipe; `multigrid` has long and short cycles and as
many times the epochs as it stretches the schedule by. Each run is a process of its own. `core seconds` are of all
threads of the whole run, compiling and reading included, which a busy machine changes little; `compiled` are shapes.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

SIDES = {"plain": (), "multigrid": ("multigrid.long=true", "multigrid.short=true")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    for name, number in (("epochs", 10), ("size", 40), ("videos", 24)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--stretch", type=float, default=1.5)
    parser.add_argument("--work", help="where videos and runs lie (default: a temporary folder)")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side is not None:
        print(json.dumps(trained(args)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        args.work = args.work or temporary
        compare(args)


def compare(args):
    """Prints a line for each side and seed."""
    from pipelines import synthetic

    videos = pathlib.Path(args.work) / "videos"
    if not videos.is_dir():
        synthetic.write(videos, train_per_class=args.videos, val_per_class=8)
    print(f"{'side':12}{'seed':>6}{'epochs':>8}{'steps':>8}{'compiled':>10}{'core seconds':>14}{'accuracy':>10}")
    for seed in args.seeds:
        for side in SIDES:
            options = [f"--{name}={getattr(args, name)}" for name in ("epochs", "size", "work", "stretch")]
            done = subprocess.run([sys.executable, __file__, f"--side={side}", f"--seeds={seed}", *options], check=True,
                                  stdout=subprocess.PIPE, text=True)
            row = json.loads(done.stdout.splitlines()[-1])
            print(f"{side:12}{seed:6}{row['epochs']:8}{row['steps']:8}{row['shapes']:10}{row['seconds']:14.1f}"
                  f"{row['accuracy']:10.3f}", flush=True)


def trained(args):
    """One run: what its last epoch reached on the held-out videos, and what it cost."""
    from res3d.training.recipe import find_recipe
    from res3d.workflows.train import train
    from res3d.workflows.training_data import load_training_data

    work, (seed,) = pathlib.Path(args.work), args.seeds
    recipe = find_recipe("demo", [
        "model.name=r3d_10", "model.options.width=0.25", "clip.frames=12", "clip.stride=1", f"clip.height={args.size}",
        f"clip.width={args.size}", f"clip.resize={args.size}", "data.batch_size=8", "data.cache=memory",
        f"schedule.epochs={args.epochs}", "optimizer.precise_norm=8", f"multigrid.stretch={args.stretch}",
        f"seed={seed}", *SIDES[args.side]])
    started = time.process_time()
    rows = train(recipe, work / "videos", work / f"{args.side}_{seed}", leaks=False, overwrite=True)
    seconds = time.process_time() - started
    sizes = load_training_data(recipe, work / "videos").sizes
    shapes = {turn for epoch in range(recipe.epochs) for turn in recipe.cycles.turns(epoch)} if recipe.cycles else {1}
    return {"epochs": recipe.epochs, "steps": sizes.before(recipe.epochs), "shapes": len(shapes), "seconds": seconds,
            "accuracy": rows[-1]["val_accuracy"]}


if __name__ == "__main__":
    main()
