"""predictions.csv keeps names and digits."""

import numpy as np

from res3d.evaluation.predictions import Predictions


def test_round_trip(tmp_path):
    scores = np.random.default_rng(0).random((3, 3))
    videos, labels = ["a, b.mp4", "c.mp4@1-2", 'q"uote.avi'], ["run", "jump, high", "left|right"]
    written = Predictions(videos, labels, [(0,), (1, 2), ()], scores)
    written.save(tmp_path / "p.csv")
    read = Predictions.load(tmp_path / "p.csv")
    assert (read.videos, read.labels, read.truth) == (written.videos, written.labels, [(0,), (1, 2), ()])
    np.testing.assert_array_equal(read.scores, scores)
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_a_label_with_a_bar_as_former_versions_wrote_it(tmp_path):
    (tmp_path / "p.csv").write_text("video,truth,predicted,score:a|b,score:c\nv,a|b,c,0.25,0.75\nw,c,c,0,1\n")
    assert Predictions.load(tmp_path / "p.csv").truth == [(0,), (1,)]


def test_truth_in_both_shapes():
    found = Predictions(["a", "b"], ["x", "y", "z"], [(2,), (0,)], np.array([[0, 1, 2.0], [0, 2, 1]]))
    np.testing.assert_array_equal(found.single, [2, 0])
    np.testing.assert_array_equal(found.hot, [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(found.predicted, [2, 1])


def test_scores_that_are_no_numbers_predict_nothing(tmp_path):
    scores = np.array([[np.nan, np.nan], [0.25, 0.75]])
    written = Predictions(["a", "b"], ["x", "y"], [(0,), (1,)], scores)
    np.testing.assert_array_equal(written.predicted, [-1, 1])
    written.save(tmp_path / "p.csv")
    assert (tmp_path / "p.csv").read_text().splitlines()[1:] == ["a,x,,nan,nan", "b,y,y,0.25,0.75"]
    np.testing.assert_array_equal(Predictions.load(tmp_path / "p.csv").predicted, [-1, 1])
