"""What labels are of, where nobody says it."""

import json

import pytest

from pipelines import spans
from res3d.__main__ import main
from res3d.training.workfolder import WorkFolder
from res3d.workflows.spans import evaluate, train
from res3d.workflows.spans.choosing import span_recipe
from res3d.workflows.spans.labels import span_line

SPANS = "video,start,end,label\na.mp4,1,2,serve\na.mp4,4,4.5,smash\nb.mp4,1,2,serve\nb.mp4,3,4,serve\n"


@pytest.mark.parametrize(("text", "spans"), [
    (SPANS, True),
    (SPANS.replace("4,4.5", "4,4"), True),  # an instant is no clip
    (SPANS.replace("video,", "path,"), False),  # parts of videos, as clips are told
    ("video,start,end,label\na.mp4,1,2,serve\nb.mp4,1,2,serve\n", False),  # one a video
    (SPANS + "c.mp4,,,serve\n", False),  # the label of a whole video
    ("path,label\na.mp4,serve\n", False),
    ("nothing\n", False),
])
def test_spans_are_told_from_clips(tmp_path, text, spans):
    (tmp_path / "labels.csv").write_text(text)
    line = span_line(str(tmp_path / "labels.csv"))
    assert (line is not None) == spans
    if spans:
        assert "spans: " in line
        assert "--task=clips" in line


def test_folders_and_what_is_not_there_are_of_clips(tmp_path):
    (tmp_path / "jump").mkdir()
    assert span_line(str(tmp_path)) is None
    assert span_line(str(tmp_path / "none.csv")) is None


def test_the_command_trains_spans_unasked(tmp_path, monkeypatch, capsys):
    (tmp_path / "labels.csv").write_text(SPANS)
    asked, reads, own = [], [], spans.read_spans

    def trained(recipe, *_, chosen, read, **__):
        asked.append((recipe, chosen))
        assert len(read()) == 4
        return []

    monkeypatch.setattr(train, "train_spans", trained)
    monkeypatch.setattr(spans, "read_spans", lambda *args, **lists: reads.append(args) or own(*args, **lists))
    monkeypatch.setattr(evaluate, "spans_summary", lambda *_: "done")
    command = ["train", f"--data={tmp_path / 'labels.csv'}", f"--workdir={tmp_path / 'run'}"]
    assert main([*command, "--minutes=7", "--set=clip.fps=20"]) in (0, None)
    assert len(reads) == 1  # by whoever looks at labels, chooses and trains
    (recipe, chosen), out = asked[0], capsys.readouterr().out
    assert (recipe.task, recipe.clip.fps, recipe.stop.max_minutes) == ("spans", 20.0, 7.0)
    assert all(line in out for line in chosen)
    assert out.startswith("task         spans: 4 spans of 2 labels in 2 videos")
    WorkFolder(tmp_path / "run").claim(recipe, ["serve", "smash"], {})
    (tmp_path / "run" / "spans.json").write_text("{}")
    again, _ = span_recipe(tmp_path / "labels.csv", tmp_path / "run")
    assert again == recipe
    assert main([*command, "--task=spans", "--json"]) in (0, None)
    assert json.loads(capsys.readouterr().out)["workdir"] == str(tmp_path / "run")
    assert main([*command, "--minutes=-1", "--overwrite"]) == 1
    assert "`--minutes` must be a positive number" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_records_of_clips_are_refused(untrained, tmp_path, capsys, command):
    (tmp_path / "records").mkdir()
    summary = {"kind": "res3d records", "schema_version": 2, "options": {"clip": {}}}
    (tmp_path / "records" / "summary.json").write_text(json.dumps(summary))
    flags = ["--task=spans", f"--workdir={tmp_path / 'w'}"] if command == "train" else [f"--workdir={untrained}"]
    assert main([command, *flags, f"--data={tmp_path / 'records'}"]) == 1
    assert "Expected records of long videos with their spans. Received those of clips" in capsys.readouterr().err
