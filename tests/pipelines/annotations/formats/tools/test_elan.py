"""ELAN: slots without a time, annotations that refer to others, the origin of a medium, and XML that is refused."""

import pytest

from pipelines.annotations import markup
from pipelines.manifest import read_manifest
from pipelines.spans import read_spans
from tests.pipelines.annotations.formats.tools.reading import reasons, spans_of, told

MEDIA = ('<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/films/my%20film.mp4" RELATIVE_MEDIA_URL="./my%20film.mp4" '
         'MIME_TYPE="video/mp4"{}/>')
FILM = MEDIA.format("")
SLOTS = ('<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/>'
         '<TIME_SLOT TIME_SLOT_ID="ts3"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>')


def aligned(first, last, value="run", identity="a1"):
    return (f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{identity}" TIME_SLOT_REF1="{first}" TIME_SLOT_REF2='
            f'"{last}"><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>')


def referring(to, value, identity="r1"):
    return (f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{identity}" ANNOTATION_REF="{to}"><ANNOTATION_VALUE>{value}'
            "</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>")


def eaf(*tiers, media=FILM, before='<?xml version="1.0" encoding="UTF-8"?>\n'):
    body = "".join(f'<TIER TIER_ID="{name}" {more}>{found}</TIER>' for name, more, found in tiers)
    return (f'{before}<ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds">{media}</HEADER><TIME_ORDER>{SLOTS}'
            f"</TIME_ORDER>{body}</ANNOTATION_DOCUMENT>")


def test_slots_without_a_time_lie_between_their_neighbours(tmp_path):
    found = spans_of(tmp_path, "a.eaf", eaf(("act", 'PARTICIPANT="Ann" ANNOTATOR="me"', aligned("ts1", "ts2") + aligned(
        "ts2", "ts3", "jump", "a2") + aligned("ts3", "ts4", "", "a3"))))
    assert told(found) == [("my film.mp4", 1.0, 2.0, "run"), ("my film.mp4", 2.0, 3.0, "jump"),
                           ("my film.mp4", 3.0, 4.0, "act")]
    assert {(row.subject, row.annotator) for row in found} == {("Ann", "me")}


def test_an_annotation_that_refers_has_the_times_of_the_other(tmp_path):
    found = spans_of(tmp_path, "a.eaf", eaf(("act", "", aligned("ts1", "ts4")), (
        "how", 'PARENT_REF="act"', referring("a1", "fast") + referring("r1", "very", "r2"))))
    assert [row[1:] for row in told(found)] == [(1, 4, "run"), (1, 4, "fast"), (1, 4, "very")]


def test_the_origin_shifts_a_medium_and_others_are_named(tmp_path):
    media = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///a.wav" MIME_TYPE="audio/x-wav"/>' + MEDIA.format(' TIME_ORIGIN="500"')
    found = spans_of(tmp_path, "a.eaf", eaf(("act", "", aligned("ts1", "ts4")), media=media))
    assert told(found) == [("my film.mp4", 1.5, 4.5, "run")]
    assert reasons(found) == ["another medium of the same annotations; those of the first video are read"]


@pytest.mark.parametrize("declared", [
    '<!DOCTYPE a [<!ENTITY b "run">]>', '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]>'])
def test_document_types_and_entities_are_refused(tmp_path, declared):
    (tmp_path / "a.eaf").write_text(eaf(("act", "", aligned("ts1", "ts4")), before=f"<?xml version='1.0'?>{declared}"))
    with pytest.raises(ValueError, match=r"Received XML that declares '[abc]' as a document type or an entity"):
        read_spans(tmp_path / "a.eaf")


def test_depth_and_size_are_bounded(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"Received elements inside one another, over 100 deep"):
        spans_of(tmp_path, "a.eaf", eaf(("act", "", "<a>" * 200 + "</a>" * 200)))
    monkeypatch.setattr(markup, "LARGEST", 100)
    with pytest.raises(ValueError, match=r"Expected at most 0 MiB of XML in .* It is larger"):
        spans_of(tmp_path, "a.eaf", eaf(("act", "", aligned("ts1", "ts4"))))


@pytest.mark.parametrize("annotation", [aligned("ts1", "ts9"), aligned("ts4", "ts1"), referring("a7", "x"),
                                        referring("r1", "x")])
def test_what_cannot_be_read(tmp_path, annotation):
    content = eaf(("act", "", annotation + aligned("ts1", "ts4", "run", "good")))
    with pytest.raises(ValueError, match=r"^Expected .*a\.eaf'\. Received"):
        spans_of(tmp_path, "a.eaf", content)
    found = read_spans(tmp_path / "a.eaf", strict=False)
    assert len(found) == len(found.missing) == 1
    with pytest.raises(ValueError, match=r"^Expected XML in '.*a\.eaf'"):
        spans_of(tmp_path, "a.eaf", content[:-30])


def test_clips_of_it(tmp_path):
    (tmp_path / "my film.mp4").write_bytes(b"")
    spans_of(tmp_path, "a.eaf", eaf(("act", "", aligned("ts1", "ts4"))))
    assert [(entry.start, entry.end) for entry in read_manifest(tmp_path / "a.eaf")] == [(1.0, 4.0)]
