"""`res3d predict`: tables, JSON, bad files in their places, and heat maps."""

import json

import numpy as np
import pytest

from pipelines.video import reading
from res3d.evaluation.metrics import best
from res3d.workflows.ask import find_videos
from res3d.workflows.loading import load_network
from res3d.workflows.predict import predict

pytestmark = pytest.mark.slow


def test_a_table_names_every_video(trained, motion, console):
    code, out, _ = console("predict", motion / "val", f"--model={trained}", "--top=2")
    assert code == 0
    assert len(out.strip().splitlines()) == 16
    assert str(motion / "val" / "up") in out


def test_json_keeps_order_and_bad_files(trained, motion, tmp_path, console):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"")
    good = next((motion / "val").rglob("*.avi"))
    code, out, _ = console("predict", bad, good, tmp_path / "none.mp4", f"--model={trained / 'best.keras'}", "--json")
    assert code == 0
    found = json.loads(out)
    assert [item["video"] for item in found] == [str(bad), str(good), str(tmp_path / "none.mp4")]
    assert found[0] == {"video": str(bad), "error": "the file is empty"}
    assert "error" in found[2]
    scores = [item["score"] for item in found[1]["top"]]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)


def test_it_fails_only_when_nothing_could_be_classified(trained, tmp_path, console):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"")
    code, out, err = console("predict", bad, f"--model={trained}", "--json")
    assert code == 1
    assert json.loads(out) == [{"video": str(bad), "error": "the file is empty"}]
    assert "none of the videos could be classified" in err


def test_a_video_too_short_for_the_protocol_is_told(trained, motion, console):
    path = next((motion / "val").rglob("*.avi"))
    code, out, err = console("predict", path, f"--model={trained}", "--protocol=tsn_25x10")
    assert code == 1
    assert "error   protocol tsn_25x10 takes at least 28 frames, and it has 1" in out
    assert "none of the videos could be classified" in err


def test_scores_are_those_of_the_network(trained, motion):
    path = next((motion / "val").rglob("*.avi"))
    model, clip, labels, _ = load_network(trained)
    from pipelines.sample.clips import centre_clip

    pixels = reading.read_clip(path, centre_clip(reading.probe(path), clip), clip)
    logits = np.asarray(model(pixels[None]), "float64")[0]
    shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    found = predict(trained, [path], top=8)[0]["top"]
    assert [item["label"] for item in found] == [labels[i] for i in np.argsort(-shares, kind="stable")]
    np.testing.assert_allclose([item["score"] for item in found], np.sort(shares)[::-1], rtol=1e-4)


@pytest.mark.parametrize(("flags", "words"), [
    ([], "needs either --model or --server. Received neither"),
    (["--model=x", "--server=y"], "Received both"),
    (["--server=y", "--explain=z.avi"], "`--explain` needs the network itself: --model. Received --server."),
    (["--model=x", "--output=z.txt"], "`--output` must be a page, .html, or a video, .mp4, .mov, .avi, .mkv. "),
    (["--model=x", "--step=4"], "`--step` works with --sliding only"),
    (["--model=x", "--sliding", "--explain=z.avi"], "`--explain` works without --sliding only"),
    (["--server=y", "--protocol=slowfast_10x3"], "`--protocol` works with --model only"),
    (["--server=y", "--labels=z.txt"], "`--labels` works with --model only"),
    (["--model=x", "--ca=c.pem"], "`--ca` works with --server only. Received: --ca=c.pem."),
    (["--model=x", "--header=a:secret"], "`--header` works with --server only. Received: --header. Leave it out"),
    (["--server=http://h:1/m", "--header=secret"], "A header must be NAME:VALUE, as in 'Authorization: Bearer TOKEN'. "
                                                   "Received one without a colon."),
    (["--server=http://h:1/m", "--key=k.pem"], "`ca`, `cert` and `key` are for TLS"),
    (["--model=/nowhere"], "A model must be a work folder of `res3d train`, a preset folder or a .keras file. "
     "Received: '/nowhere'"),
    (["--model=MODEL", "--top=0"], "`--top` must be 1 or more"),
    (["--model=MODEL", "--protocol=centr"], "A protocol is one of centre"),
    (["--model=MODEL", "--sliding", "--step=0"], "`--step` must be 1 or more"),
])
def test_what_is_wrong_is_one_line(trained, motion, console, flags, words):
    path = next((motion / "val").rglob("*.avi"))
    flags = [flag.replace("MODEL", str(trained)) for flag in flags]
    code, _, err = console("predict", path, *flags)
    assert code == 1
    assert words in err.strip().splitlines()[-1]


def test_a_file_that_is_no_model(tmp_path, motion, console):
    (tmp_path / "m.keras").write_bytes(b"zip?")
    code, _, err = console("predict", motion / "val", f"--model={tmp_path / 'm.keras'}")
    assert code == 1
    assert "must be a whole .keras file" in err


def test_labels_that_do_not_match(trained, tmp_path, motion, console):
    (tmp_path / "l.txt").write_text("a\nb\n")
    code, _, err = console("predict", motion / "val", f"--model={trained}", f"--labels={tmp_path / 'l.txt'}")
    assert code == 1
    assert "The network has 8 classes, so 8 labels must go with it. Received 2: a, b" in err


def test_an_empty_folder(trained, tmp_path, console):
    (tmp_path / "empty").mkdir()
    code, _, err = console("predict", tmp_path / "empty", f"--model={trained}")
    assert code == 1
    assert "Expected at least one video" in err


def test_ties_keep_the_order_of_the_labels():
    assert [item["label"] for item in best(np.array([0.2, 0.4, 0.4]), ["a", "b", "c"], 3)] == ["b", "c", "a"]


def test_folders_are_searched_and_files_taken_as_they_are(motion, tmp_path):
    (tmp_path / "readme.md").write_text("no video")
    assert len(find_videos([motion / "val"])) == 8
    assert find_videos([tmp_path / "readme.md"])[0].path == str(tmp_path / "readme.md")


def test_every_real_clip_is_classified(trained, clips, console):
    code, out, _ = console("predict", clips / "action", f"--model={trained}", "--json")
    assert code == 0
    found = json.loads(out)
    assert len(found) == len(list((clips / "action").iterdir()))
    assert all("top" in item for item in found)


def test_a_heat_map_is_drawn_on_the_clip(trained, motion, tmp_path, console):
    path = next((motion / "val").rglob("*.avi"))
    code, _, _ = console("predict", path, f"--model={trained}", f"--explain={tmp_path / 'heat.avi'}")
    assert code == 0
    info = reading.probe(tmp_path / "heat.avi")
    assert info.num_frames == 4
    assert info.height == 336


def test_a_heat_map_takes_one_video(trained, motion, tmp_path, console):
    code, _, err = console("predict", motion / "val", f"--model={trained}", f"--explain={tmp_path / 'heat.avi'}")
    assert code == 1
    assert "`--explain` takes one video" in err


def test_scores_that_are_no_numbers_are_told_in_their_place(sick, motion, console):
    path = next((motion / "val").rglob("*.avi"))
    code, out, err = console("predict", path, f"--model={sick}", "--json")
    assert code == 1
    error = "the network gives no numbers for it, but NaN or infinity"
    assert json.loads(out) == [{"video": str(path), "error": error}]
    assert "none of the videos could be classified" in err
