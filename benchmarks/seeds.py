"""Accuracy over seeds on generated videos that only motion tells apart: videos, weights and order all drawn anew.

    python benchmarks/seeds.py                           the demo's 3D network, seeds 0, 1 and 2
    python benchmarks/seeds.py --models r3d_10 resnet_10 the 2D network of the same depth beside it
    KERAS_BACKEND=jax python benchmarks/seeds.py         the same on another backend
    python benchmarks/seeds.py --records                 each run from the videos and from records of them
    python benchmarks/seeds.py --workdir=runs/seeds      keeps the runs, and goes on with them when given again

Prints a line a run (backend, network, what it read, seed, top-1 on the held-out videos, minutes of training) and the
worst of all.
"""

import argparse
import contextlib
import pathlib
import tempfile
import time

import keras

from pipelines import synthetic
from pipelines.prepare.options import PrepareOptions
from pipelines.prepare.run import prepare
from res3d.training.recipe import find_recipe
from res3d.workflows.evaluate import evaluate
from res3d.workflows.train import train


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", default=["r3d_10"])
    parser.add_argument("--recipe", default="demo")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="FIELD=VALUE")
    parser.add_argument("--train_videos", type=int, default=40, help="generated per class")
    parser.add_argument("--val_videos", type=int, default=10, help="held out per class")
    parser.add_argument("--records", action="store_true", help="train from prepared records too")
    parser.add_argument("--workdir", help="folder for videos and runs (default: one that is removed)")
    args = parser.parse_args()
    kinds = ["videos", "records"] if args.records else ["videos"]
    worst = {(name, kind): 1.0 for name in args.models for kind in kinds}
    with contextlib.nullcontext(args.workdir) if args.workdir else tempfile.TemporaryDirectory() as folder:
        for seed in args.seeds:
            videos = pathlib.Path(folder, f"videos{seed}")
            synthetic.write(videos, args.train_videos, args.val_videos, seed=seed)
            for name, kind in worst:
                recipe = find_recipe(args.recipe, [*args.settings, f"seed={seed}", f"model.name={name}"])
                workdir = pathlib.Path(folder, f"{keras.backend.backend()}-{name}-{kind}-{seed}")
                data = videos
                if kind == "records":
                    data = pathlib.Path(folder, f"records{seed}")
                    prepare(videos, data, PrepareOptions(recipe.clip))
                started = time.perf_counter()
                train(recipe, data, workdir)
                minutes = (time.perf_counter() - started) / 60
                top1 = evaluate(workdir, progress=False)["top1"]
                worst[name, kind] = min(worst[name, kind], top1)
                print(f"{keras.backend.backend()}  {name}  {kind}  seed {seed}  {recipe.schedule.epochs} epochs  "
                      f"top-1 {100 * top1:.2f} %  {minutes:.1f} minutes", flush=True)
    for (name, kind), top1 in worst.items():
        print(f"worst of {name} from {kind}: {100 * top1:.2f} %")


if __name__ == "__main__":
    main()
