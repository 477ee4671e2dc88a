"""The page: complete, self-contained, safe with any names, and small with four hundred classes."""

import html.parser
import re

import numpy as np
import pytest

from res3d.evaluation.metrics import softmax, summarise
from res3d.evaluation.predictions import Predictions
from res3d.evaluation.report.writing import write_report

HISTORY = [{"epoch": 1, "loss": 2.0, "val_loss": 2.1, "accuracy": 0.2, "val_accuracy": 0.3, "learning_rate": 0.1},
           {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "accuracy": 0.6, "val_accuracy": 0.5, "learning_rate": 0.0}]
HOSTILE = "<script>document.title='broken'</script>\"'</script><img src=x onerror=1>"


class Page(html.parser.HTMLParser):
    """What a page holds: its text, its tags, and all that it refers to."""

    def __init__(self, text):
        super().__init__()
        self.sources, self.tags, self.attributes, self.text, self.code = [], [], [], "", 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.sources += [value for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]

    def handle_data(self, data):
        if self.tags[-1:] != ["script"] and self.tags[-1:] != ["style"]:
            self.text += data

    def headings(self):
        return re.sub(r"\s+", " ", self.text)


def page_of(path, classes=8, videos=40, multi_label=False, label="class {}", sharp=2.0, **options):
    rng = np.random.default_rng(0)
    labels = [label.format(i) for i in range(classes)]
    truth = [(int(i),) for i in rng.integers(0, classes, videos)]
    scores = rng.normal(size=(videos, classes)) * 2
    scores[np.arange(videos), [i for i, in truth]] += sharp
    predictions = Predictions([f"v{i}.mp4" for i in range(videos)], labels, truth, softmax(scores))
    metrics = summarise(predictions.scores, predictions.hot if multi_label else predictions.single, multi_label)
    metrics |= {"videos": videos, "skipped": 1, "skipped_videos": [["b.mp4", "the file is empty"]],
                "protocol": "centre", "seconds": 1.0}
    write_report(path, predictions, metrics, HISTORY, "A <run>", multi_label=multi_label, **options)
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def still(position):
    return np.full((8, 20, 30, 3), position, "uint8")


def test_it_has_its_parts(tmp_path):
    facts = {"seconds": [2.0] * 20 + [4.0] * 20, "rates": [25.0] * 40, "groups": ["anna", "ben"] * 20}
    text, page = page_of(tmp_path / "r.html", frames=still, heat=still, recipe="epochs: 2", facts=facts)
    for heading in ("Why to believe the figure", "Classes", "Confusion matrix", "Clips", "Surest right answers",
                    "Surest wrong answers", "Furthest from the truth", "Training", "Calibration", "Data", "Figures",
                    "Recipe"):
        assert re.search(f"<h[23][^>]*>{heading}</h", text), heading
    assert page.tags.count("svg") == 3 + 1 + 1  # loss, accuracy, rate; calibration; lengths
    assert page.tags.count("article") == 18
    assert page.tags.count("img") == 36
    assert text.count('<button class="look"') == 18
    for words in ("2 groups", "the file is empty", "epochs: 2", "anna (20)", "40 videos, 1 left out"):
        assert words in page.headings()


def test_the_answer_comes_first_and_names_the_class_that_fails(tmp_path):
    predictions = Predictions(list("abcd"), ["run", "jump"], [(0,), (0,), (1,), (1,)],
                              np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]]))
    write_report(tmp_path / "r.html", predictions, summarise(predictions.scores, predictions.single) | {"videos": 4})
    page = Page((tmp_path / "r.html").read_text())
    said = page.headings().partition("Filter")[0]
    assert "75.0 % of 4 videos are recognised correctly; “jump” fails most" in said
    assert "1 of the 2 videos of “jump” is recognised, 1 is taken for “run”." in said
    assert said.index("Fails most") < said.index("Why to believe the figure") < said.index("What to do next")
    assert "Nobody has checked it" in said


def test_nothing_is_loaded_from_elsewhere_and_no_script_but_ours_runs(tmp_path):
    text, page = page_of(tmp_path / "r.html", frames=still, label=HOSTILE + "{}", others={HOSTILE: ({}, HISTORY)},
                         recipe=HOSTILE, facts={"groups": [HOSTILE, "a"] * 20})
    assert page.sources
    assert all(source.startswith(("data:image/", "#")) for source in page.sources)
    assert "@import" not in text
    assert "url(" not in text
    assert page.tags.count("script") == 1
    assert not [name for name in page.attributes if name.startswith("on")]
    assert "default-src &#39;none&#39;; script-src &#39;sha256-" in text
    assert "A &lt;run&gt;" in text


def test_hostile_names_are_dead_in_a_map_of_many_classes_as_well(tmp_path):
    _, page = page_of(tmp_path / "r.html", classes=70, videos=200, label=HOSTILE + "{}")
    assert page.tags.count("script") == 2  # the numbers of the map, and ours
    assert "onerror" not in page.attributes


def test_any_name_of_a_folder_or_a_file_can_be_shown(tmp_path):
    scores = np.array([[0.9, 0.1], [0.8, 0.2]])
    predictions = Predictions(["caf\udce9.mp4", "b.mp4"], ["run", "caf\udce9"], [(0,), (1,)], scores)
    write_report(tmp_path / "r.html", predictions, {"videos": 2}, HISTORY, "caf\udce9", still,
                 {"runs/$a_{$": ({"videos": 2}, HISTORY)})
    page = (tmp_path / "r.html").read_bytes()
    assert b"caf\xe9.mp4" in page
    assert b"runs/$a_{$</th>" in page


@pytest.mark.slow
def test_twenty_thousand_videos_of_four_hundred_classes_stay_light(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (8, 112, 149, 3), "uint8")  # noise is the worst for a JPEG
    facts = {"seconds": [3.0] * 20000, "rates": [25.0] * 20000, "groups": [str(i // 40) for i in range(20000)]}
    text, _ = page_of(tmp_path / "r.html", classes=400, videos=20000, frames=lambda i: pixels, heat=lambda i: pixels,
                      sharp=6.0, facts=facts)
    assert len(text) < 15_000_000
    assert '<table class="matrix" id="lens">' in text


def test_runs_stand_side_by_side(tmp_path):
    other = {"top1": 0.125, "videos": 40, "intervals": {"top1": [0.1, 0.2]}}
    text, page = page_of(tmp_path / "r.html", others={"runs/other": (other, HISTORY)})
    assert "runs/other</th>" in text
    assert "0.1250" in text
    assert "12.5 %" in page.text
    assert "runs/other: val_loss" in page.text


def test_several_labels_a_video(tmp_path):
    text, _ = page_of(tmp_path / "r.html", multi_label=True)
    assert "average precision</button>" in text
    assert "Confusion matrix" not in text


def test_a_right_answer_among_several_labels_is_not_marked_wrong(tmp_path):
    predictions = Predictions(["a.mp4", "b.mp4"], ["run", "jump"], [(0, 1), (0,)], np.array([[0.9, 0.8], [0.1, 0.7]]))
    write_report(tmp_path / "r.html", predictions, {"videos": 2}, frames=still, multi_label=True)
    wrong, right = (tmp_path / "r.html").read_text().split("Surest wrong answers")[1].split("Surest right answers")
    assert 'answer <b class="right">run' in right
    assert 'answer <b class="wrong">jump' in wrong


@pytest.mark.parametrize("scores", [np.ones((2, 1)), np.array([[0.0], [np.nan]]), np.full((2, 1), np.nan)])
def test_one_class_no_history_and_scores_that_are_no_numbers(tmp_path, scores):
    predictions = Predictions(["a.mp4", "b.mp4"], ["only"], [(0,), (0,)], scores)
    metrics = summarise(scores, predictions.single) | {"videos": 2}
    write_report(tmp_path / "r.html", predictions, metrics, [], frames=still)
    text = (tmp_path / "r.html").read_text()
    assert "<h2>Training</h2>" not in text
    assert "Confusion matrix" in text
    assert text.count('answer <b class="wrong">none</b>') == np.isnan(scores).sum()


def test_a_video_that_has_gone_costs_only_its_pictures(tmp_path):
    def gone(row):
        raise OSError("gone")

    _, page = page_of(tmp_path / "r.html", frames=gone)
    assert page.text.count("The video can no longer be read.") == 18
    assert page.tags.count("img") == 0
