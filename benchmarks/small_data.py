"""How well the recipe small_data knows again the scenes that it was trained on, beside the plain one.

What is held out are later parts of the very videos that are trained on: the figures are about memory of scenes, and say
nothing about new people or recordings, of which `benchmarks/real_actions.py` tells. They compare two recipes of equal
network, clips and steps, and no more.

    python benchmarks/small_data.py --clips=../shared/clips/action
    python benchmarks/small_data.py --clips=... --mirror --recipes small_data --set optimizer.rate=0.003

Each video is cut into parts of 1.2 seconds, one every 0.8 seconds: those of its first half are trained on, those of
its last 40 % are held out. Where a video is there in two encodings, the second one is held out. Both recipes see the
same number of clips; the plain one is `default` with the network, the clip, the batch and the epochs of small_data.
Prints accuracy and loss on the held-out clips after the last epoch, a line a run, and the means.

Values of the recipe are chosen with --mirror, which trains on the last half and holds out the first 40 %, so that the
clips of which figures are told are not those it was chosen on; both cuts show the same videos.
"""

import argparse
import pathlib
import statistics
import tempfile

from pipelines.video import reading, writer
from res3d.training.recipe import find_recipe
from res3d.workflows.train import train

# Label: files to train on, and files to hold out.
VIDEOS = {
    "applying eye makeup": (["ucf101_v_ApplyEyeMakeup_g01_c01.avi"], None),
    "archery": (["ucf101_Archery.avi"], ["ucf101_Archery.webm"]),
    "arm wrestling": (["k400_arm_wrestling.mp4"], None),
    "baby crawling": (["ucf101_BabyCrawling.avi"], ["ucf101_BabyCrawling.webm"]),
    "baseball": (["baseball.mp4"], None),
    "basketball": (["basketball.mp4", "k400_basketball_426x240.mp4"], None),
    "cleaning pool": (["k400_cleaning_pool.mp4"], None),
    "cricket shot": (["ucf101_v_CricketShot_g04_c01_rgb.gif"], None),
    "flipping pancake": (["kinetics_flipping_pancake.mkv"], None),
    "wall pushups": (["ucf101_WallPushups.avi"], ["ucf101_WallPushups.webm"]),
}
SECONDS, STEP, SHORT_SIDE = 1.2, 0.8, 112


def cut(path, folder, first, last):
    """Writes the seconds between the shares `first` and `last` of a video as files of their own; returns how many."""
    info = reading.probe(path)
    times = (info.times_us - info.times_us[0]) / 1e6
    length = times[-1] + 1 / info.fps
    count = 0
    start = first * length
    while start + SECONDS <= last * length + 1e-6:
        frames = [index for index, time in enumerate(times) if start <= time < start + SECONDS]
        scale = SHORT_SIDE / min(info.height, info.width)
        size = round(info.height * scale), round(info.width * scale)
        folder.mkdir(parents=True, exist_ok=True)
        writer.write_video(folder / f"{path.stem}-{start:05.2f}.avi", reading.read_frames(path, frames, size), info.fps)
        start, count = start + STEP, count + 1
    return count


def write(clips, folder, train_until, held_from, mirror=False):
    """Cuts all videos into `folder`/SPLIT/LABEL; returns how many clips are trained on and held out."""
    parts = {"train": (0.0, train_until), "val": (held_from, 1.0)}
    if mirror:
        parts = {split: (1.0 - last, 1.0 - first) for split, (first, last) in parts.items()}
    counts = dict.fromkeys(parts, 0)
    for label, (train_names, held_names) in VIDEOS.items():
        for split, names in (("train", train_names), ("val", held_names or train_names)):
            counts[split] += sum(cut(clips / name, folder / split / label, *parts[split]) for name in names)
    return counts["train"], counts["val"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=pathlib.Path, required=True, help="folder of the real videos named above")
    parser.add_argument("--epochs", type=int, help="of both recipes (default: those of small_data)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--recipes", nargs="+", default=["small_data", "plain"])
    parser.add_argument("--train_until", type=float, default=0.5, help="share of each video")
    parser.add_argument("--held_from", type=float, default=0.6, help="share of each video")
    parser.add_argument("--mirror", action="store_true", help="train on the ends, hold out the beginnings")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="FIELD=VALUE",
                        help="a field of both recipes")
    args = parser.parse_args()
    small = find_recipe("small_data", args.settings)
    epochs = args.epochs or small.schedule.epochs
    same = [f"schedule.epochs={epochs}", f"model.name={small.model.name}", f"model.options={small.model.options}",
            f"data.clips_per_video={small.data.clips_per_video}", f"data.batch_size={small.data.batch_size}",
            *(f"clip.{name}={value}" for name, value in small.clip.to_dict().items() if value is not None)]
    with tempfile.TemporaryDirectory() as folder:
        trained, held = write(args.clips, pathlib.Path(folder, "videos"), args.train_until, args.held_from,
                              args.mirror)
        print(f"{len(VIDEOS)} classes, {trained} clips to train on, {held} held out; {epochs} epochs of "
              f"{trained * small.data.clips_per_video} clips", flush=True)
        for name in args.recipes:
            accuracies = []
            for seed in args.seeds:
                base = "default" if name == "plain" else name
                recipe = find_recipe(base, [*(same if name == "plain" else same[:1]), *args.settings, f"seed={seed}"])
                row = train(recipe, pathlib.Path(folder, "videos"), pathlib.Path(folder, f"{name}-{seed}"))[-1]
                accuracies.append(row["val_accuracy"])
                print(f"{name:<12} seed {seed}  top-1 {100 * row['val_accuracy']:.2f} %  loss {row['val_loss']:.3f}  "
                      f"training accuracy {100 * row['accuracy']:.2f} %", flush=True)
            print(f"{name:<12} mean top-1 {100 * statistics.mean(accuracies):.2f} %", flush=True)


if __name__ == "__main__":
    main()
