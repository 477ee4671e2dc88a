"""The page: complete, self-contained, safe with any names, and small with four hundred classes."""

import base64
import html.parser
import io
import re

import numpy as np
import pytest
from PIL import Image

from res3d.evaluation.figures import confusion_image, curves, strip
from res3d.evaluation.metrics import softmax, summarise
from res3d.evaluation.predictions import Predictions
from res3d.evaluation.report import write_report

HISTORY = [{"epoch": 1, "loss": 2.0, "val_loss": 2.1, "accuracy": 0.2, "val_accuracy": 0.3, "learning_rate": 0.1},
           {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "accuracy": 0.6, "val_accuracy": 0.5, "learning_rate": 0.0}]


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.sources, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href") and tag != "use"]


def page_of(path, classes=8, videos=40, multi_label=False, **options):
    rng = np.random.default_rng(0)
    labels = [f"<class {i}> & \"co\"" for i in range(classes)]
    scores = softmax(rng.normal(size=(videos, classes)) * 2)
    truth = [(int(i),) for i in rng.integers(0, classes, videos)]
    predictions = Predictions([f"v{i}.mp4" for i in range(videos)], labels, truth, scores)
    metrics = summarise(scores, predictions.hot if multi_label else predictions.single, multi_label)
    metrics |= {"videos": videos, "skipped": 1, "protocol": "centre", "seconds": 1.0}
    write_report(path, predictions, metrics, HISTORY, "A <run>", multi_label=multi_label, **options)
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    return text, page


def test_it_has_its_parts(tmp_path):
    text, page = page_of(tmp_path / "r.html", frames=lambda i: np.full((8, 20, 30, 3), i, "uint8"))
    for heading in ("Figures", "Training", "Confusion matrix", "Most confused pairs", "Classes", "Surest right answers",
                    "Surest wrong answers", "Calibration"):
        assert f"<h2>{heading}</h2>" in text
    assert page.tags.count("svg") == 4
    assert page.tags.count("img") == 1 + 6 + 6


def test_nothing_is_loaded_from_elsewhere(tmp_path):
    text, page = page_of(tmp_path / "r.html", frames=lambda i: np.zeros((8, 20, 30, 3), "uint8"))
    assert page.sources
    assert all(source.startswith(("data:", "#")) for source in page.sources)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_any_name_of_a_folder_or_a_file_can_be_shown(tmp_path):
    scores = np.array([[0.9, 0.1], [0.8, 0.2]])
    predictions = Predictions(["caf\udce9.mp4", "b.mp4"], ["run", "caf\udce9"], [(0,), (1,)], scores)
    write_report(tmp_path / "r.html", predictions, {"videos": 2}, HISTORY, "caf\udce9",
                 lambda i: np.zeros((8, 20, 30, 3), "uint8"), {"runs/$a_{$": ({"videos": 2}, HISTORY)})
    page = (tmp_path / "r.html").read_bytes()
    assert b"caf\xe9.mp4" in page
    assert b"<th>runs/$a_{$</th>" in page


def test_names_cannot_break_out(tmp_path):
    text, _ = page_of(tmp_path / "r.html")
    assert "<class 0>" not in text
    assert "A &lt;run&gt;" in text


def test_four_hundred_classes_stay_light(tmp_path):
    text, _ = page_of(tmp_path / "r.html", classes=400, videos=2000)
    assert len(text) < 3_000_000
    source = re.search(r'id="matrix"[^>]*src="data:image/png;base64,([^"]+)"', text)[1]
    assert Image.open(io.BytesIO(base64.b64decode(source))).size == (400, 400)


def test_runs_stand_side_by_side(tmp_path):
    text, _ = page_of(tmp_path / "r.html", others={"runs/other": ({"top1": 0.125, "videos": 40}, HISTORY)})
    assert "<th>runs/other</th>" in text
    assert "0.1250" in text


def test_several_labels_a_video(tmp_path):
    text, _ = page_of(tmp_path / "r.html", multi_label=True)
    assert "average precision" in text
    assert "Confusion matrix" not in text


def test_a_right_answer_among_several_labels_is_not_marked_wrong(tmp_path):
    predictions = Predictions(["a.mp4", "b.mp4"], ["run", "jump"], [(0, 1), (0,)], np.array([[0.9, 0.8], [0.1, 0.7]]))
    write_report(tmp_path / "r.html", predictions, {"videos": 2}, frames=lambda i: np.zeros((2, 8, 8, 3), "uint8"),
                 multi_label=True)
    right, wrong = (tmp_path / "r.html").read_text().split("Surest right answers")[1].split("Surest wrong answers")
    assert 'class="wrong"' not in right
    assert 'class="wrong"' in wrong


@pytest.mark.parametrize("scores", [np.ones((2, 1)), np.array([[0.0], [np.nan]]), np.full((2, 1), np.nan)])
def test_one_class_no_history_and_scores_that_are_no_numbers(tmp_path, scores):
    predictions = Predictions(["a.mp4", "b.mp4"], ["only"], [(0,), (0,)], scores)
    metrics = summarise(scores, predictions.single) | {"videos": 2}
    write_report(tmp_path / "r.html", predictions, metrics, [], frames=lambda i: np.zeros((2, 8, 8, 3), "uint8"))
    text = (tmp_path / "r.html").read_text()
    assert "<h2>Training</h2>" not in text
    assert "Confusion matrix" in text
    assert text.count("answer\n<b class=\"wrong\">none</b>") == np.isnan(scores).sum()


def test_a_video_that_has_gone_costs_only_its_strip(tmp_path):
    def gone(row):
        raise OSError("gone")

    text, page = page_of(tmp_path / "r.html", frames=gone)
    assert "Surest wrong answers" in text
    assert page.tags.count("img") == 1


def test_the_matrix_is_blue_where_right_and_red_where_wrong():
    uri = confusion_image(np.array([[4, 0], [4, 0]]))
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))
    right, nothing, wrong = pixels[0, 0].astype(int), pixels[0, 1], pixels[1, 0].astype(int)
    assert right[2] > right[0]
    assert wrong[0] > wrong[2]
    assert nothing.tolist() == [255, 255, 255]


@pytest.mark.parametrize("count", [1, 3, 20])
def test_a_strip_takes_any_number_of_frames(count):
    uri = strip(np.zeros((count, 10, 20, 3), "uint8"))
    width, height = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).size
    assert (width, height) == (144 * min(count, 8), 72)


def test_curves_need_a_column():
    assert curves({"a": HISTORY}, ("none",), "x") is None
    assert curves({"a": HISTORY}, ("loss", "val_loss"), "Loss").startswith("<svg")
