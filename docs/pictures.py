"""The pictures of the README and of the tutorials: pages on generated videos, as Chromium shows them.

    python docs/pictures.py            # docs/pictures/report.png and doctor.png; minutes on two cores
    python docs/pictures.py doctor     # one of them; seconds

The videos are generated, so the pictures show nobody.
"""

import argparse
import pathlib
import shutil
import subprocess
import tempfile

from pipelines import synthetic
from pipelines.doctor import checks
from pipelines.doctor.page import write_page
from res3d.geometry import ClipSpec
from res3d.training.recipe import find_recipe
from res3d.workflows.evaluate import evaluate
from res3d.workflows.train import train

PICTURES = pathlib.Path(__file__).resolve().parent / "pictures"
WIDTH, HEIGHT = 1200, 1000
SHORT = ["schedule.epochs=4", "data.workers=2"]  # so few that there are mistakes to look at


def report(folder):
    """The page of `res3d evaluate` after a short training; returns its path."""
    videos, run = folder / "videos", folder / "run"
    synthetic.write(videos, train_per_class=20, val_per_class=10)
    train(find_recipe("demo", SHORT), videos, run)
    evaluate(run, explain=True)
    return run / "report.html"


def doctor(folder):
    """The page of `res3d doctor` of videos of which some are broken, and one is in both splits; returns its path."""
    data, page = folder / "videos", folder / "doctor.html"
    synthetic.write(data, train_per_class=5, val_per_class=2, frames=(24, 60))
    shutil.copy(data / "train/up/0000.avi", data / "val/up/copy.avi")
    (data / "train/left/download.mp4").write_text("<html>404</html>", encoding="utf-8")
    (data / "train/up/broken.mp4").write_bytes(b"")
    found = checks.check(data, ClipSpec(frames=8, stride=4, height=64, width=64), workers=2)
    write_page(page, found, str(data), checks.usable(checks.manifest_of(data), found))
    return page


PAGES = {"report": report, "doctor": doctor}


def write(name, path=None):
    """Makes a page and takes its picture."""
    import chromium  # beside this file

    if chromium.command("") is None:
        raise FileNotFoundError("Expected Chromium on the path. There is none: apt-get install chromium.")
    path = PICTURES / f"{name}.png" if path is None else path
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = PAGES[name](pathlib.Path(folder))
        page.write_text(page.read_text(encoding="utf-8").replace(f"{folder}/", ""), encoding="utf-8")
        subprocess.run([*chromium.command(f"{folder}/profile"), "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}",
                        "--virtual-time-budget=2000", f"--screenshot={path}", page.as_uri()],
                       check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=PAGES, default=list(PAGES), help="default: all")
    for wanted in parser.parse_args().names:
        write(wanted)
