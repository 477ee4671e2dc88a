"""BORIS: pairing of starts and stops, points, several rates in one file, lines before a table."""

import pytest

from pipelines.spans import read_spans
from tests.pipelines.annotations.formats.tools.reading import reasons, spans_of, told

AGGREGATED = ("Observation id,Media file name,FPS (frame/s),Subject,Behavior,Modifier #1,Behavior type,Start (s),"
              "Stop (s),Duration (s)\n")


def test_aggregated_states_and_points(tmp_path):
    found = spans_of(tmp_path, "a.csv", AGGREGATED + (
        "o1,videos/a.mp4,25.0,Ann,run,,STATE,1.5,4,2.5\n"
        "o1,videos/a.mp4,25.0,Ann,jump,,POINT,2,2,NA\n"
        "o2,b.mp4,23.976,No focal subject,run,,STATE,0.5,1,0.5\n"))
    assert told(found) == [("a.mp4", 1.5, 4.0, "run"), ("a.mp4", 2.0, 2.0, "jump"), ("b.mp4", 0.5, 1.0, "run")]
    assert [row.subject for row in found] == ["Ann", "Ann", None]
    assert found.rates == {"videos/a.mp4": 25.0, "b.mp4": 23.976}


def test_overlaps_of_one_subject_are_allowed(tmp_path):
    found = spans_of(tmp_path, "a.csv", AGGREGATED + (
        "o,a.mp4,25,Ann,run,,STATE,1,4,3\no,a.mp4,25,Ann,run,,STATE,2,5,3\n"))
    assert len(found) == 2
    assert not found.missing


def test_a_state_that_never_stops_is_named(tmp_path):
    found = spans_of(tmp_path, "a.csv", AGGREGATED + "o,a.mp4,25,Ann,run,,STATE,1,NA,NA\n")
    assert reasons(found) == ["'run' starts at 1 s and never stops"]


BEFORE = ("Observation id\tfirst\n\nMedia file(s)\nPlayer #1\t/home/me/a.mp4\n\nTime offset (s)\t0\n\n"
          "Time\tMedia file path\tTotal length\tFPS\tSubject\tBehavior\tModifier 1\tComment\tStatus\n")


def tabular(*events):
    return BEFORE + "".join(f"{time}\t/home/me/a.mp4\t60\t25\t{who}\t{what}\t{how}\t\t{status}\n"
                            for time, who, what, how, status in events)


def test_starts_and_stops_are_paired_by_who_what_and_how(tmp_path):
    found = spans_of(tmp_path, "a.tsv", tabular(
        (1, "Ann", "run", "fast", "START"), (2, "Bob", "run", "fast", "START"), (2.5, "Ann", "run", "slow", "START"),
        (3, "Ann", "run", "fast", "STOP"), (3.5, "Ann", "jump", "", "POINT"), (4, "Ann", "run", "slow", "STOP"),
        (5, "Bob", "run", "fast", "STOP")))
    assert [(row.subject, row.start, row.end, row.label) for row in found] == [
        ("Ann", 1, 3, "run"), ("Bob", 2, 5, "run"), ("Ann", 2.5, 4, "run"), ("Ann", 3.5, 3.5, "jump")]
    assert not found.missing


def test_rows_out_of_order_are_paired_by_time(tmp_path):
    found = spans_of(tmp_path, "a.tsv", tabular((3, "", "run", "", "STOP"), (1, "", "run", "", "START")))
    assert told(found) == [("a.mp4", 1.0, 3.0, "run")]


def test_what_has_no_partner_is_named(tmp_path):
    found = spans_of(tmp_path, "a.tsv", tabular(
        (1, "", "run", "", "STOP"), (2, "", "run", "", "START"), (3, "", "run", "", "START"),
        (4, "", "jump", "", "START"), (5, "", "run", "", "STOP")))
    assert told(found) == [("a.mp4", 3.0, 5.0, "run")]
    assert reasons(found) == ["'run' stops at 1 s without a start", "'run' starts at 2 s again before it stops",
                              "'jump' starts at 4 s and never stops"]


def test_the_file_may_stand_above_the_table_or_behind_the_player(tmp_path):
    head = "Observation id\tx\nPlayer #1\tb.mp4\n\nTime\tSubject\tBehavior\tStatus\n"
    found = spans_of(tmp_path, "a.tsv", head + "1\t\trun\tSTART\n2\t\trun\tSTOP\n")
    assert told(found) == [("b.mp4", 1.0, 2.0, "run")]
    found = spans_of(tmp_path, "b.csv", "Observation id,Source,Time,Subject,Behavior,Behavior type\n"
                                        "o,player #1:c.mp4,1,,run,START\no,player #1:c.mp4,2,,run,STOP\n")
    assert told(found) == [("c.mp4", 1.0, 2.0, "run")]


@pytest.mark.parametrize("row", ["o,a.mp4,25,,run,,STATE,4,1,3", "o,a.mp4,25,,run,,STATE,soon,1,3",
                                 "o,,25,,run,,STATE,1,2,1", "o,a.mp4,25,,,,STATE,1,2,1",
                                 "o,a.mp4;b.mp4,25,,run,,STATE,1,2,1",
                                 "o,a.mp4"])
def test_what_cannot_be_read(tmp_path, row):
    with pytest.raises(ValueError, match=r"^Expected .* in '.*a\.csv'\. "):
        spans_of(tmp_path, "a.csv", AGGREGATED + row + "\no,a.mp4,25,,run,,STATE,1,2,1\n")
    found = read_spans(tmp_path / "a.csv", strict=False)
    assert len(found) == len(found.missing) == 1
