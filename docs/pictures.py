"""The picture of the README: the report of a short training on generated videos, as Chromium shows it.

    python docs/pictures.py        # writes docs/pictures/report.png; minutes on two cores

The videos are generated, so the picture shows nobody.
"""

import pathlib
import subprocess
import tempfile

from pipelines import synthetic
from res3d.training.recipe import find_recipe
from res3d.workflows.evaluate import evaluate
from res3d.workflows.train import train

PICTURE = pathlib.Path(__file__).resolve().parent / "pictures" / "report.png"
WIDTH, HEIGHT = 1200, 1000
SHORT = ["schedule.epochs=4", "data.workers=2"]  # so few that there are mistakes to look at


def write(path=PICTURE):
    """Generates, trains, evaluates and takes the picture."""
    import chromium  # beside this file

    if chromium.command("") is None:
        raise FileNotFoundError("Expected Chromium on the path. There is none: apt-get install chromium.")
    path.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        videos, run = pathlib.Path(folder, "videos"), pathlib.Path(folder, "run")
        synthetic.write(videos, train_per_class=20, val_per_class=10)
        train(find_recipe("demo", SHORT), videos, run)
        evaluate(run, explain=True)
        report = run / "report.html"
        report.write_text(report.read_text(encoding="utf-8").replace(f"{folder}/", ""), encoding="utf-8")
        subprocess.run([*chromium.command(f"{folder}/profile"), "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}",
                        "--virtual-time-budget=2000", f"--screenshot={path}", report.as_uri()],
                       check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    write()
