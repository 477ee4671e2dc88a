"""What belongs together: told by a column, a pattern, known names, folders, or parts of one video."""

import pytest

from pipelines.annotations.entries import Entry, Manifest
from pipelines.grouping import groups_of


def manifest(*paths, labels=("a", "b"), **fields):
    return Manifest([Entry(path, (number % len(labels),), **fields) for number, path in enumerate(paths)], labels)


@pytest.mark.parametrize(("source", "names", "expected"), [
    ("UCF101", ("x/v_ApplyEyeMakeup_g01_c01.avi", "x/v_ApplyEyeMakeup_g01_c02.avi", "x/v_Archery_g01_c01.avi"),
     ("v_ApplyEyeMakeup_g01", "v_ApplyEyeMakeup_g01", "v_Archery_g01")),
    ("KTH", ("person01_boxing_d1_uncomp.avi", "person01_walking_d4_uncomp.avi", "person12_boxing_d2_uncomp.avi"),
     ("person01", "person01", "person12")),
    ("NTU RGB+D", ("S001C001P003R001A001_rgb.avi", "S002C003P003R002A060_rgb.avi"), ("P003", "P003")),
    ("Kinetics", ("abcdefghij-_000010_000020.mp4", "abcdefghij-_000030_000040.mp4"), ("abcdefghij-", "abcdefghij-")),
])
def test_names_of_known_data_sets(source, names, expected):
    found = groups_of(manifest(*names))
    assert (found.source, found.names) == (source, expected)


def test_a_film_of_hmdb51_is_one_group_whatever_its_classes():
    data = Manifest([Entry("brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi", (0,)),
                     Entry("wave/April_09_wave_u_cm_np1_fr_med_1.avi", (1,))], ["brush hair", "wave"])
    assert groups_of(data).names == ("April_09", "April_09")


def test_one_odd_name_and_nothing_is_taken_for_known():
    found = groups_of(manifest("v_Run_g01_c01.avi", "holiday.avi"))
    assert (found.source, len(found)) == ("videos", 2)


def test_a_column_comes_first_and_lone_videos_stay_alone():
    data = Manifest([Entry("v_Run_g01_c01.avi", group="anna"), Entry("v_Run_g01_c02.avi", group="anna"),
                     Entry("v_Run_g02_c01.avi")], [])
    found = groups_of(data)
    assert (found.source, found.names) == ("column", ("anna", "anna", "v_Run_g02_c01.avi"))
    assert found.members() == {"anna": [0, 1], "v_Run_g02_c01.avi": [2]}


def test_parts_of_one_video_belong_together():
    data = Manifest([Entry("long.mp4", start=0.0, end=2.0), Entry("long.mp4", start=5.0, end=7.0), Entry("b.mp4")], [])
    assert groups_of(data).names == ("long.mp4", "long.mp4", "b.mp4")


def test_folders_between_class_and_video():
    data = Manifest([Entry("d/walk/anna/1.avi", (0,)), Entry("d/walk/ben/1.avi", (0,)),
                     Entry("d/run/anna/7.avi", (1,))], ["walk", "run"])
    assert groups_of(data).source == "folder"
    assert len(groups_of(data)) == 3  # of each class: folders of the same name may be other people


def test_the_folder_on_demand():
    found = groups_of(manifest("anna/1.avi", "anna/2.avi", "ben/1.avi"), "folder")
    assert found.names == ("anna", "anna", "ben")


def test_a_pattern_takes_its_first_group_or_all_it_matches():
    paths = ("s01_walk_1.avi", "s01_run_1.avi", "s02_walk_1.avi")
    assert groups_of(manifest(*paths), r"(s\d+)_").names == ("s01", "s01", "s02")
    assert groups_of(manifest(*paths), r"s\d+").names == ("s01", "s01", "s02")


@pytest.mark.parametrize(("pattern", "said"), [
    ("(x", r"A pattern of groups must be a regular expression, such as 'v_.*_\(g\[0-9\]\+\)_'\. Received: '\(x': "),
    ("person", r"must match the names of videos\. Received: 'person', which matches none of 2, such as 'a\.avi'\."),
    ("a", r"must match every name\. Received: 'a\.avi'|which does not match 1 of 2, such as 'b\.mp4'\. Widen it"),
])
def test_patterns_that_tell_nothing(pattern, said):
    with pytest.raises(ValueError, match=said):
        groups_of(manifest("a.avi", "b.mp4"), pattern if pattern != "a" else r"a\.avi")
