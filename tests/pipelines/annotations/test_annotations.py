"""The real annotation files, and the traps in them: counts, names, label orders, splits, and the join with files."""

import csv
import os

import pytest

from pipelines.annotations.formats.something import class_of
from pipelines.annotations.labels import load_labels
from pipelines.annotations.reading import detect, parse
from pipelines.manifest import read_manifest

pytestmark = pytest.mark.clips

REAL = [  # (file, format, rows, labels that the layout brings, splits)
    ("kinetics/kinetics400_val_one_per_class.csv", "kinetics", 400, None, {"val": 400}),
    ("kinetics/kinetics400_val_awkward_rows.csv", "kinetics", 40, None, {"val": 40}),
    ("kinetics/kinetics400_test_head.csv", "kinetics", 30, None, {"test": 30}),
    ("kinetics/kinetics600_val_head.csv", "kinetics", 60, None, {"val": 60}),
    ("ucf101/trainlist01.head.txt", "ucf101", 697, 101, {"train": 697}),
    ("ucf101/testlist01.head.txt", "ucf101", 264, 101, {"test": 264}),
    ("ucf101", "ucf101", 961, 101, {"train": 697, "test": 264}),
    ("ucf101/ucf101_01.3d-resnets.sample.json", "database", 98, 101, None),
    ("hmdb51/cartwheel_test_split1.txt", "hmdb51", 100, 51, {"train": 70, "test": 30}),
    ("hmdb51", "hmdb51", 400, 51, {"train": 280, "test": 120}),
    ("something-something-v2/train.sample.json", "something", 4, 174, {"train": 4}),
    ("something-something-v2/validation.sample.json", "something", 4, 174, {"val": 4}),
    ("something-something-v2/test.sample.json", "something", 4, 174, {"test": 4}),
    ("something-something-v2/test-answers.sample.csv", "something", 4, 174, {"test": 4}),
    ("something-something-v2", "something", 12, 174, {"train": 4, "val": 4, "test": 4}),
    ("jester/jester-v1-train.head.csv", "jester", 60, 27, {"train": 60}),
    ("jester/jester-v1-train.comma.head.csv", "jester", 60, 27, {"train": 60}),
    ("jester/trainlist.indexed.head.txt", "jester", 60, 27, {"train": 60}),
    ("mmaction2-forms/video_test_list.txt", "list", 2, None, {"test": 2}),
    ("mmaction2-forms/video_test_list_multi_label.txt", "list", 2, None, {"test": 2}),
    ("mmaction2-forms/rawframe_test_list.txt", "list", 2, None, {"test": 2}),
    ("mmaction2-forms/rawframe_test_list_multi_label.txt", "list", 2, None, {"test": 2}),
    ("mmaction2-forms/rawvideo_test_anno.json", "mmaction", 1, None, {"test": 1}),
    ("mmaction2-forms/hvu_video_test_anno.json", "mmaction", 2, 12, {"test": 2}),
    ("mmaction2-forms/action_test_anno.json", "database", 2, None, {None: 2}),
]


def splits(rows):
    names = [row.split for row in rows]
    return {name: names.count(name) for name in names}


@pytest.mark.parametrize(("name", "format", "rows", "labels", "expected"), REAL, ids=[row[0] for row in REAL])
def test_real_files_parse_to_their_numbers(annotations, name, format, rows, labels, expected):
    assert detect(annotations / name) == format
    table = parse(annotations / name)
    assert len(table.rows) == rows
    assert (table.labels and len(table.labels)) == labels
    if expected:
        assert splits(table.rows) == expected


def place(folder, table, suffix=".mp4"):
    """An empty file for every row of a `Table`, or the one frame its folder needs."""
    for row in table.rows:
        path = folder / row.names[0]
        if row.num_frames:
            path.mkdir(parents=True, exist_ok=True)
            for frame in range(row.first_frame + row.num_frames):
                (path / f"img_{frame + 1:05d}.jpg").write_bytes(b"")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            (path if path.suffix else path.with_name(path.name + suffix)).write_bytes(b"")


@pytest.mark.parametrize("name", [row[0] for row in REAL])
def test_round_trips_lose_nothing(annotations, tmp_path, name):
    table = parse(annotations / name)
    place(tmp_path / "videos", table)
    before = read_manifest(annotations / name, videos=tmp_path / "videos")
    assert (len(before), before.missing) == (len(table.rows), [])
    before.save(tmp_path / "manifest.csv")
    after = read_manifest(tmp_path / "manifest.csv")
    assert after == before
    for row, entry in zip(table.rows, after):
        index = table.labels or after.labels
        wanted = [index[label] if isinstance(label, int) else label for label in row.labels]
        assert [after.labels[label] for label in entry.labels] == wanted
        assert entry.split == row.split


def test_every_class_of_kinetics_400_in_the_published_order(annotations, tmp_path):
    listed = load_labels(annotations / "kinetics/kinetics400_labels.txt")
    table = parse(annotations / "kinetics/kinetics400_val_one_per_class.csv")
    assert [row.labels[0] for row in table.rows] == listed
    place(tmp_path, table)
    assert read_manifest(annotations / "kinetics/kinetics400_val_one_per_class.csv", videos=tmp_path).labels == listed


@pytest.mark.parametrize(("size", "count"), [(400, 400), (600, 600), (700, 700)])
def test_kinetics_label_lists(annotations, size, count):
    labels = load_labels(annotations / f"kinetics/kinetics{size}_labels.txt")
    assert len(labels) == count == len(set(labels))
    assert labels == sorted(labels)


def test_kinetics_awkward_rows(annotations, tmp_path):
    path = annotations / "kinetics/kinetics400_val_awkward_rows.csv"
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["youtube_id"][0] in "-_" for row in rows) >= 20
    assert sum("(" in row["label"] or "'" in row["label"] for row in rows) >= 20
    for row in rows:  # below a folder named after the class, with underscores for spaces
        folder = tmp_path / row["label"].replace(" ", "_")
        folder.mkdir(exist_ok=True)
        cut = f"{row['youtube_id']}_{int(row['time_start']):06d}_{int(row['time_end']):06d}.mkv"
        (folder / cut).write_bytes(b"")
    found = read_manifest(path, videos=tmp_path, labels=annotations / "kinetics/kinetics400_labels.txt")
    assert found.num_classes == 400
    assert found.summary() == "40 videos, 400 labels, val: 40"
    for row, entry in zip(rows, found):
        assert os.path.basename(entry.path).startswith(row["youtube_id"])
        assert found.labels[entry.label] == row["label"]
        assert (entry.start, entry.end) == (None, None)


def test_kinetics_uncut_and_missing_videos(annotations, tmp_path):
    (tmp_path / "--6bJUbfpnQ.webm").write_bytes(b"")  # the whole video: the row's times cut it
    (tmp_path / "--8YXc8iCt8_000002_000012").write_bytes(b"")  # the clip, without a suffix
    found = read_manifest(annotations / "kinetics/kinetics400_test_head.csv", videos=tmp_path)
    assert [(entry.start, entry.end, entry.labels) for entry in found] == [(17.0, 27.0, ()), (None, None, ())]
    assert found.summary() == "2 of 30 rows matched a file, 0 labels, test: 2; 28 missing"
    assert found.missing[0].path == "--coBvtS-eQ_000057_000067"


def test_ucf101_line_ends_indices_and_names(annotations, tmp_path):
    assert b"\r\n" in (annotations / "ucf101/trainlist01.head.txt").read_bytes()
    table = parse(annotations / "ucf101")
    assert table.labels == load_labels(annotations / "ucf101/classInd.txt")
    assert table.labels == load_labels(annotations / "mmaction2-forms/label_map_ucf101.txt")
    assert table.labels[0] == "ApplyEyeMakeup"
    odd = [row.names[0] for row in table.rows if row.labels == ("HandstandPushups",)]
    assert odd
    assert all(name.startswith("HandstandPushups/v_HandStandPushups_") for name in odd)
    place(tmp_path, table)
    assert read_manifest(annotations / "ucf101", "train", videos=tmp_path).counts()["HandstandPushups"] > 0


@pytest.mark.parametrize("layout", ["ucf101", "hmdb51"])
def test_a_fold_that_is_not_there(annotations, layout):
    with pytest.raises(ValueError, match=r"Expected (lists|files) of fold 3, such as .* None is there\. Pass fold="):
        read_manifest(annotations / layout, fold=3)


def test_hmdb51_tags_spaces_and_awkward_names(annotations, tmp_path):
    lines = (annotations / "hmdb51/fencing_test_split1.txt").read_text().splitlines()
    assert len(lines) == 116
    assert all(line.endswith(" ") for line in lines if line.strip())
    rows = parse(annotations / "hmdb51/fencing_test_split1.txt").rows
    kept = {row.names[0]: row.split for row in rows}
    for line in lines:
        name, tag = line.split()
        assert kept.get(f"fencing/{name}") == {"0": None, "1": "train", "2": "test"}[tag]
    table = parse(annotations / "hmdb51")
    used = "".join(row.names[0] for row in table.rows)
    assert set("()!#+;~[]") & set(used) >= set("()![]")
    place(tmp_path, table)
    found = read_manifest(annotations / "hmdb51", videos=tmp_path)
    assert (len(found), len(found.missing)) == (400, 0)
    assert found.labels == load_labels(annotations / "mmaction2-forms/label_map_hmdb51.txt")
    assert set(load_labels(annotations / "hmdb51/class_list.txt")) == set(found.labels)  # trailing spaces, other order


def test_something_takes_the_template_not_the_label(annotations, tmp_path):
    rows = parse(annotations / "something-something-v2/validation.sample.json").rows
    assert rows[0].names == ("74225",)
    assert rows[0].labels == ("Spinning something that quickly stops spinning",)
    assert class_of("[Something] [somewhere] up") == "Something somewhere up"
    listed = load_labels(annotations / "something-something-v2/labels.json")
    assert listed == load_labels(annotations / "something-something-v2/label_map.txt")
    (tmp_path / "74225.webm").write_bytes(b"")
    found = read_manifest(annotations / "something-something-v2", "val", videos=tmp_path)
    assert found.entries[0].label == listed.index("Spinning something that quickly stops spinning")


def test_something_test_answers(annotations):
    rows = {row.names[0]: row.labels for row in parse(annotations / "something-something-v2/test.sample.json").rows}
    assert rows == {"1420": ("Throwing something",), "166429": (), "215493": ("Pretending to poke something",),
                    "211642": ("Scooping something up with something",)}


def test_jester_orders_and_separators(annotations, tmp_path):
    folder = annotations / "jester"
    semicolon, comma, indexed = (parse(folder / name) for name in (
        "jester-v1-train.head.csv", "jester-v1-train.comma.head.csv", "trainlist.indexed.head.txt"))
    assert semicolon.rows == comma.rows
    assert semicolon.labels == load_labels(folder / "jester-v1-labels.csv") != sorted(semicolon.labels)
    for named, numbered in zip(semicolon.rows, indexed.rows):
        assert named.names == numbered.names
        assert indexed.labels[numbered.labels[0]].replace("_", " ") == named.labels[0]
    for row in semicolon.rows:
        (tmp_path / row.names[0]).mkdir()
        (tmp_path / row.names[0] / "00001.jpg").write_bytes(b"")
    ours = read_manifest(folder / "jester-v1-train.head.csv", videos=tmp_path)
    other = read_manifest(folder / "trainlist.indexed.head.txt", videos=tmp_path)
    assert [entry.label for entry in ours] != [entry.label for entry in other]
    assert read_manifest(folder / "trainlist.indexed.head.txt", videos=tmp_path, labels=ours.labels) == ours
    assert ours.entries[0].num_frames == 1


def test_multi_label_lists(annotations, tmp_path):
    (tmp_path / "test.mp4").write_bytes(b"")
    found = read_manifest(annotations / "mmaction2-forms/video_test_list_multi_label.txt", videos=tmp_path)
    assert [entry.labels for entry in found] == [(0, 3), (0, 2, 4)]
    assert found.labels == ["0", "1", "2", "3", "4"]
    assert found.multi_label


def test_frame_lists(annotations, tmp_path):
    (tmp_path / "imgs").mkdir()
    for frame in range(10):
        (tmp_path / "imgs" / f"img_{frame + 1:05d}.jpg").write_bytes(b"")
    folder = annotations / "mmaction2-forms"
    found = read_manifest(folder / "rawframe_test_list.txt", videos=tmp_path)
    assert [(entry.num_frames, entry.first_frame, entry.label) for entry in found] == [(5, 0, 127)] * 2
    found = read_manifest(folder / "rawframe_test_list_multi_label.txt", videos=tmp_path)
    assert [(entry.num_frames, entry.labels) for entry in found] == [(5, (1,)), (5, (3, 5))]
    with_offset = folder / "rawframe_test_list_with_offset.txt"
    with pytest.raises(ValueError, match="three numbers, as in 'imgs 2 5 127': offset, frames, label, or frames"):
        read_manifest(with_offset, videos=tmp_path)
    found = read_manifest(with_offset, videos=tmp_path, multi_label=False)
    assert [(entry.num_frames, entry.first_frame, entry.label) for entry in found] == [(5, 2, 127)] * 2
    found = read_manifest(with_offset, videos=tmp_path, multi_label=True, strict=False)
    assert [(entry.num_frames, entry.labels) for entry in found] == [(2, (5, 127))] * 2
    for name in ("img_00006.jpg", "img_00007.jpg", "img_00008.jpg", "img_00009.jpg", "img_00010.jpg"):
        os.remove(tmp_path / "imgs" / name)
    with pytest.raises(ValueError, match="None is below"):
        read_manifest(with_offset, videos=tmp_path, multi_label=False)
    lost = read_manifest(with_offset, videos=tmp_path, multi_label=False, strict=False).missing[0]
    assert lost.reason == "a folder of 3 frames, where 5 were expected"


def test_videos_in_parts(annotations, tmp_path):
    folder = tmp_path / "rawvideo_dataset"
    folder.mkdir()
    for part in range(2):
        (folder / f"part_{part}.mp4").write_bytes(b"")
    listed = tmp_path / "rawvideo_test_anno.txt"
    listed.write_bytes((annotations / "mmaction2-forms/rawvideo_test_anno.txt").read_bytes())
    assert detect(listed) == "mmaction"
    expected = [(str(folder / "part_0.mp4"), 1)]
    assert [(entry.path, entry.label) for entry in read_manifest(listed)] == expected
    found = read_manifest(annotations / "mmaction2-forms/rawvideo_test_anno.json", videos=tmp_path)
    assert [(entry.path, entry.label) for entry in found] == expected


def test_tagged_and_timed_json(annotations):
    table = parse(annotations / "mmaction2-forms/hvu_video_test_anno.json")
    assert table.labels[:3] == ["action/180", "concept/42", "concept/51"]
    assert table.labels[-3:] == ["object/508", "object/1570", "scene/206"]
    assert table.multi_label
    rows = parse(annotations / "mmaction2-forms/action_test_anno.json").rows
    assert (rows[0].names, rows[0].labels, rows[0].start, rows[0].end) == (("v_test1",), ("Rock climbing",), 0.3, 0.6)


def test_3d_resnets_json(annotations, tmp_path):
    table = parse(annotations / "ucf101/ucf101_01.3d-resnets.sample.json")
    assert table.rows[0].names[0] == f"{table.rows[0].labels[0]}/{table.rows[0].names[1]}"
    assert set(splits(table.rows)) == {"train", "val"}
    label, name = table.rows[0].names[0].split("/")
    (tmp_path / label / name).mkdir(parents=True)
    for frame in range(3):
        (tmp_path / label / name / f"image_{frame + 1:05d}.jpg").write_bytes(b"")
    found = read_manifest(annotations / "ucf101/ucf101_01.3d-resnets.sample.json", videos=tmp_path)
    assert [entry.num_frames for entry in found] == [3]
    assert len(found.missing) == 97
