"""Every written page at the widths of a phone, a laptop and a desk, light and dark, with hostile names."""

import shutil

import numpy as np
import pytest

from pipelines import synthetic
from pipelines.doctor import checks
from pipelines.doctor.page import write_page
from res3d.geometry import ClipSpec
from res3d.workflows.showing.spans import show_spans
from tests.res3d.evaluation.report.test_spans import FOUND, TRUTHS
from tests.res3d.evaluation.report.test_spans import page_of as spans_page
from tests.res3d.evaluation.report.test_writing import HISTORY, HOSTILE, page_of
from tests.res3d.looks.browser import WIDTHS, driven, looked_at, opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A folder of reports of 8, 51 and 400 classes, and the check of a data set."""
    folder = tmp_path_factory.mktemp("pages")
    for classes, videos, label in ((8, 40, "walking to the door {}"), (51, 255, HOSTILE + "{}"),
                                   (400, 20000, HOSTILE + "{}")):
        facts = {"seconds": [2.0 + i % 7 for i in range(videos)], "rates": [25.0] * videos,
                 "groups": [HOSTILE, "anna"] * (videos // 2) + ["anna"] * (videos % 2)}
        page_of(folder / f"report{classes}.html", classes, videos, label=label, facts=facts, recipe=HOSTILE * 3,
                frames=lambda i: np.full((8, 20, 30, 3), i % 256, "uint8"),
                heat=lambda i: np.zeros((8, 20, 30, 3), "uint8"),
                others={"runs/" + HOSTILE: ({"top1": 0.1, "videos": 3}, HISTORY)})
    spans_page(folder / "spans.html", *([one._replace(label=HOSTILE + one.label) for one in spans]
                                        for spans in (TRUTHS, FOUND)), recipe=HOSTILE, history=HISTORY)
    data = folder / "data"
    manifest = synthetic.write(data, train_per_class=2, val_per_class=1, frames=(12, 20))
    shutil.copy(manifest.entries[0].path, data / "val" / "up" / f"{HOSTILE.replace('/', '|')}.avi")
    (data / "train" / "up" / "broken.mp4").write_bytes(b"")
    report = checks.check(data, ClipSpec(), workers=2)
    found = {"start": 0.1, "end": 0.3, "label": HOSTILE, "score": 0.5}
    show_spans(folder / "found.html", [{"video": manifest.entries[0].path, "spans": [found, found | {"end": 0.1}]},
                                       {"video": HOSTILE, "error": HOSTILE}], HOSTILE)
    write_page(folder / "doctor.html", report, str(data), checks.usable(checks.manifest_of(data), report))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_sticks_out_is_empty_nameless_or_fetched(pages, tmp_path, dark):
    names = sorted(path.name for path in pages.glob("*.html") if path.name.startswith(("report", "doctor")))
    found, asked = looked_at(pages, names, tmp_path / "profile", dark)
    assert len(found) == len(names) * len(WIDTHS)
    assert {place: row["wrong"] for place, row in found.items() if row["wrong"]} == {}
    assert {row["ground"] for row in found.values()} == {"rgb(19, 22, 27)" if dark else "rgb(255, 255, 255)"}
    assert {line.split("?")[0] for line in asked} <= {"/measure.html", "/favicon.ico", *(f"/{name}" for name in names)}


@pytest.mark.slow
def test_a_report_of_twenty_thousand_videos_opens_at_once(pages, tmp_path):
    """Within two seconds, asked for four times as generously: machines are busy."""
    assert (pages / "report400.html").stat().st_size < 15_000_000
    assert opened(pages, "report400.html", tmp_path / "profile") < 8000


_READER = """
const shown = () => [...doc.querySelectorAll("img.heat")].map(image => view.getComputedStyle(image).display !== "none");
const look = doc.querySelectorAll("button.look"), found = {before: shown().filter(Boolean).length};
look[2].click();
found.one = [shown().indexOf(true), shown().filter(Boolean).length, look[2].getAttribute("aria-pressed")];
doc.querySelector("[data-toggles=looking]").click();
found.all = [shown().every(Boolean), [...look].every(button => button.getAttribute("aria-pressed") === "true")];
const chart = doc.querySelector("figure.chart[data-points]"), svg = chart.querySelector("svg");
const box = svg.getBoundingClientRect();
svg.dispatchEvent(new view.PointerEvent("pointermove", {clientX: box.left + 0.2 * box.width, clientY: box.top + 50}));
found.pointed = chart.querySelector("output").textContent;
svg.dispatchEvent(new view.KeyboardEvent("keydown", {key: "ArrowRight"}));
found.stepped = chart.querySelector("output").textContent;
const cells = () => [...doc.querySelectorAll("#classes tbody tr:not([hidden]) td:first-child")];
const names = () => cells().map(cell => cell.textContent);
doc.querySelector("#classes th button").click();
found.sorted = names();
const filter = doc.querySelector("input[data-filters]");
filter.value = "door 3"; filter.dispatchEvent(new view.Event("input"));
found.filtered = [names(), doc.getElementById("classes-told").textContent];
return found;
"""


@pytest.mark.slow
def test_a_reader_looks_into_one_clip_points_at_a_curve_sorts_and_filters(pages, tmp_path):
    found = driven(pages, "report8.html", _READER, tmp_path / "profile")
    assert (found["before"], found["one"], found["all"]) == (0, [2, 1, "true"], [True, True])
    assert found["pointed"].startswith("epoch 1: this run: loss 2, this run: val_loss 2.1, ")
    assert found["stepped"].startswith("epoch 2: this run: loss 1, this run: val_loss 1.5, ")
    assert found["sorted"] == [f"walking to the door {i}" for i in range(8)]
    rows, told = found["filtered"]  # that class, and those that are taken for it
    assert "walking to the door 3" in rows
    assert told == f"{len(rows)} of 8" != "8 of 8"
