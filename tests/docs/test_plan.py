"""The plan of a large run: the page shows what the command prints, and its arithmetic is that of a sheet of paper."""

import pytest

from benchmarks import plan
from res3d.training.recipe import find_recipe
from tests.docs.test_docs import DOCS

MEASURED = (DOCS / "measurements.md").read_text(encoding="utf-8")


def test_the_page_shows_the_plan():
    printed = "\n".join(plan.lines(plan.parser().parse_args([]), plan.Rates.read(MEASURED)))
    assert f"```text\n{printed}\n```" in (DOCS / "how-to" / "many-devices.md").read_text(encoding="utf-8")


def test_one_recipe_by_hand():
    rates = plan.Rates(record_ms=4.0, video_ms=50.0, prepare_ms=0.5, frame_kb=8.0, frames=250)
    args = plan.parser().parse_args(["--videos=1000", "--tflops=100", "--fraction=0.5", "--clips=10"])
    need = plan.need_of(find_recipe("kinetics400_r3d18"), rates, args)  # 16 frames of 112 at 15 fps, of side 128
    clips = 50e12 / (6 * 40.697e9)  # three passes of two operations
    assert need.clips == pytest.approx(clips)
    assert need.record_cores == pytest.approx(clips * 0.004)
    assert need.video_cores == pytest.approx(clips * 0.05)
    assert need.mb == pytest.approx(clips * 32 * 0.008)  # two frames of 30 fps to one of 15
    assert need.tb == pytest.approx(1000 * 250 * 8e3 / 1e12)
    assert need.prepare_hours == pytest.approx(1000 * 250 * 0.5e-3 / 3600)
    assert need.days == pytest.approx(1000 * 5 * 45 / clips / 86400)
    assert need.exchange_gb == pytest.approx(clips / 10 * 8 * 33_371_472 / 1e9)


def test_a_rate_that_is_not_measured_is_named():
    with pytest.raises(ValueError, match=r"must tell each rate\. Nothing there matches 'processor time a clip"):
        plan.Rates.read(MEASURED.replace("processor time a clip", "time"))
