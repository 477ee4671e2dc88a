"""What a run on a data set of Kinetics' size needs: clips a second, cores that feed cards, storage, days. Arithmetic.

    PYTHONPATH=. python benchmarks/plan.py [--cards 8 64] [--tflops=989] [--fraction=0.2]

Measured are what a clip and a frame cost to read and to keep, in `docs/measurements.md`, from where they are taken.
Assumed are what no machine of this project told: `--tflops` of a card in bfloat16 and the `--fraction` of it that a
step reaches (a step is three forward passes of two operations a multiplication), and that costs grow with pixels where
clips or records are larger than those measured: 128 pixels for the short side. A clip out of a video costs what it did
there, as most of that is decoding, whatever becomes of the frame.
"""

import argparse
import dataclasses
import pathlib
import re

from res3d.networks.variants.table import VARIANTS
from res3d.training.recipe import find_recipe

RECIPES = ("kinetics400_r3d18", "kinetics400_r2plus1d18", "kinetics400_slow_r50", "kinetics400_slowfast_r50")
SIDE = 128  # pixels of the short side of the records that were measured
CLIP_FRAMES = 16  # of a clip that was
FPS = 30  # of a video, where a clip has a rate of its own


@dataclasses.dataclass(frozen=True)
class Rates:
    """What was measured: milliseconds of one core for a clip from records, from a video, and for a frame prepared;
    kilobytes of a frame; frames of a video."""

    record_ms: float
    video_ms: float
    prepare_ms: float
    frame_kb: float
    frames: float

    @classmethod
    def read(cls, text):
        """The rates in the text of the page of measurements.

        Raises:
            ValueError: if a line that tells one is not there.
        """
        found = []
        for pattern in (r"processor time a clip: records ([\d.]+) ms", r"plain [\d.]+ ms, videos ([\d.]+) ms",
                        r"a frame bare, ([\d.]+) by one worker", r"one worker, ([\d.]+) kB a frame",
                        r"a record: [\d.]+ MB, (\d+) frames"):
            line = re.search(pattern, text)
            if line is None:
                raise ValueError(f"The page of measurements must tell each rate. Nothing there matches {pattern!r}.")
            found.append(float(line[1]))
        return cls(*found)


@dataclasses.dataclass(frozen=True)
class Need:
    """What a recipe asks for, of one card and of the data set.

    Attributes:
        clips: float. A second and card.
        record_cores, video_cores: floats. Cores that feed one card.
        mb: float. Megabytes a second of records that are read for one card: all frames of a clip's span.
        tb: float. Terabytes of all records.
        prepare_hours: float. Of one core, for all records.
        days: float. Of one card, for the whole run.
        exchange_gb: float. Gigabytes a second that a card sends, to sum gradients around a ring of many.
    """

    clips: float
    record_cores: float
    video_cores: float
    mb: float
    tb: float
    prepare_hours: float
    days: float
    exchange_gb: float


def need_of(recipe, rates, args):
    """The `Need` of a recipe."""
    row, clip = VARIANTS[recipe.model.name], recipe.clip
    native = row.native_clip
    gmacs = row.gmacs * clip.frames * clip.height * clip.width / (native.frames * native.height * native.width)
    clips = args.fraction * args.tflops * 1e3 / (3 * 2 * gmacs)
    side = max(recipe.data.scale) if recipe.data.scale else min(clip.resized_size(240, 320))
    pixels = (side / SIDE) ** 2
    kb, span = rates.frame_kb * pixels, clip.span * (FPS / clip.fps if clip.fps else 1)
    shown = args.videos * recipe.data.clips_per_video * recipe.epochs
    return Need(
        clips, clips * rates.record_ms / 1e3 * clip.frames / CLIP_FRAMES * pixels,
        clips * rates.video_ms / 1e3, clips * min(span, rates.frames) * kb / 1e3, args.videos * rates.frames * kb / 1e9,
        args.videos * rates.frames * rates.prepare_ms * pixels / 3.6e6, shown / clips / 86400,
        clips / args.clips * 2 * 4 * row.params / 1e9)


def lines(args, rates):
    """The plan as text, line by line."""
    yield (f"{args.videos:,} videos of {rates.frames:.0f} frames; a card does {args.tflops:g} TFLOP/s, of which a step "
           f"reaches {args.fraction:.0%} (assumed), {args.clips} clips at a time")
    yield (f"measured: a clip of {CLIP_FRAMES} frames takes {rates.record_ms:g} ms of a core from records, "
           f"{rates.video_ms:g} ms from a video; a frame {rates.frame_kb:g} kB, {rates.prepare_ms:g} ms to prepare")
    yield f"{'one card':26}{'clips/s':>8}{'records':>9}{'videos':>8}{'MB/s':>7}{'exchange':>10}   all records"
    found = {name: need_of(find_recipe(name), rates, args) for name in RECIPES}
    for name, need in found.items():
        yield (f"{name:26}{need.clips:8.0f}{need.record_cores:9.1f}{need.video_cores:8.1f}{need.mb:7.0f}"
               f"{need.exchange_gb:5.1f} GB/s   {need.tb:.2f} TB, {need.prepare_hours:.0f} core hours")
    for cards in args.cards:
        yield f"{f'{cards} cards':26}{'clips/s':>8}{'records':>9}{'videos':>8}{'GB/s':>7}{'days':>7}"
        for name, need in found.items():
            yield (f"{name:26}{cards * need.clips:8.0f}{cards * need.record_cores:9.0f}{cards * need.video_cores:8.0f}"
                   f"{cards * need.mb / 1e3:7.2f}{need.days / cards:7.2f}")


def parser():
    """The flags, all of which have a default."""
    made = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    made.add_argument("--cards", nargs="+", type=int, default=[8, 64])
    made.add_argument("--videos", type=int, default=240_000, help="videos to train on")
    made.add_argument("--tflops", type=float, default=989, help="of a card, dense bfloat16")
    made.add_argument("--fraction", type=float, default=0.2, help="of it that a step reaches")
    made.add_argument("--clips", type=int, default=16, help="in a step of a card")
    return made


def main():
    page = pathlib.Path(__file__).resolve().parents[1] / "docs" / "measurements.md"
    print(*lines(parser().parse_args(), Rates.read(page.read_text(encoding="utf-8"))), sep="\n")


if __name__ == "__main__":
    main()
