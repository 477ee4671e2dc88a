"""Sizes of pictures as packets' own headers tell them, and where they change inside a file."""

import numpy as np
import pytest

from pipelines.doctor.checks import check
from pipelines.video import VideoError, probe, read_frames, write_video
from pipelines.video.frame_folder import read_frames as read_folder
from pipelines.video.headers.sizes import READERS, of_pictures, picture_size, picture_sizes
from pipelines.video.opencv import encode_image
from res3d.geometry import ClipSpec

HEADERS = [  # codec, width, height, header as x264, x265, libvpx and FFmpeg's own encoders write it
    ("h264", 98, 66, "0000016742c00ad9072f888884000003000400000300c83c48992000"),
    ("h264", 1920, 1080, "00000167640028acd940780227e584000003000400000300c83c60c65800"),
    ("h264", 1920, 1080, "00000167640028acd94078044fdc20000003002000000643e2c5b2c000"),
    ("h264", 98, 66, "000001677a000ab6cd9472f888f840000003004000000c83c489658000"),
    ("h264", 97, 65, "00000167f4000a919b28e5f08421080000030008000003019078912cb000"),
    ("h264", 98, 66, "0000016764000aacd9472f888884000003000400000300c83c48965800"),
    ("hevc", 98, 66, "00000142010101600000030090000003000003001ea034812724996566924cae6808000003000800000300c84000"),
    ("hevc", 1920, 1080, "0000014201020220000003009000000300000300780000a003c08010e4d965662b34926573404000000300400000"
                         "064200"),
    ("hevc", 97, 65, "0000014201010408000003009e0800000300001e90069024e22232cacd24995cd010000003001000000301908000"),
    ("mpg1", 352, 240, "000001b31600f013ffffe018"),
    ("mpg2", 720, 576, "000001b32d024013ffffe018"),
    ("FMP4", 98, 66, "0000012000c48d8800cd0314085443"),
    ("VP80", 98, 66, "f003009d012a62004200004708858588858488020200063a1e11"),
    ("VP90", 98, 66, "8249834200061004160038241c184a000030600000673fffff56"),
    ("VP90", 97, 65, "a24983420000c00080c00704838309400006600000673fffff56"),
    ("VP90", 98, 66, "a2498342e0061004160038241c184a000030600000673fffff5c"),
    ("MPNG", 97, 65, "89504e470d0a1a0a0000000d4948445200000061000000410802"),
    ("apcn", 98, 66, "0000019469637066009400004c61766300620042800002020200"),
    ("MJPG", 97, 65, encode_image(np.zeros((65, 97, 3), np.uint8)).hex()),
]
CLIP = ClipSpec(frames=4, stride=2, height=32, width=32)
CHANGES = [("a.ts", "mp4v"), ("a.m2v", "mpg2"), ("a.mpg", "PIM1"), ("a.webm", "VP80")]  # which may be joined end to end


def noise(height, width, count):
    return np.random.default_rng(height).integers(0, 255, (count, height, width, 3), dtype=np.uint8)


def joined(folder, name, codec, sizes):
    """A file of one second of each size, (height, width)."""
    data = b""
    for number, size in enumerate(sizes):
        write_video(folder / f"{number}{name}", noise(*size, 25), fps=25.0, codec=codec)
        data += (folder / f"{number}{name}").read_bytes()
        (folder / f"{number}{name}").unlink()
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(("codec", "width", "height", "header"), HEADERS, ids=lambda value: str(value)[:12])
def test_headers_tell_the_size(codec, width, height, header):
    packet = bytes.fromhex(header)
    assert picture_size(codec, packet) == (width, height)
    for end in range(len(packet)):
        assert picture_size(codec, packet[:end]) in (None, (width, height))


@pytest.mark.parametrize("codec", [*READERS, "none"])
def test_anything_else_tells_no_size(codec):
    """Garbage may look like a header, and never fails."""
    random = np.random.default_rng(0)
    assert picture_size(codec, b"") is None
    for _ in range(300):
        size = picture_size(codec, b"\0\0\1" + random.bytes(40))
        assert size is None or min(size) > 0


@pytest.mark.parametrize(("name", "codec"), CHANGES)
def test_a_change_is_told_with_its_second(tmp_path, name, codec):
    path = joined(tmp_path, name, codec, [(64, 96), (128, 160)])
    found = picture_sizes(path)
    assert [row[1:] for row in found] == [(96, 64), (160, 128)]
    assert found[1][0] == pytest.approx(1.0, abs=0.1)
    assert picture_sizes(path.read_bytes()) == found
    assert read_frames(path, [0, 30]).shape == (2, 64, 96, 3)  # which is what nobody is told by the decoder


def test_one_size_is_no_change(tmp_path):
    path = joined(tmp_path, "a.ts", "mp4v", [(64, 96), (64, 96)])
    assert [row[1:] for row in picture_sizes(path)] == [(96, 64)]
    with pytest.raises(VideoError):
        picture_sizes(b"no video")


def test_headers_agree_with_decoding(clips):
    """Real files; of one that holds two streams the headers are another stream's than the pictures."""
    seen = set()
    small = [path for path in (clips / "odd").iterdir()
             if path.suffix in (".mp4", ".webm", ".avi") and 2_000 < path.stat().st_size < 30_000]
    for path in sorted(small):
        if sizes := picture_sizes(path):
            info = probe(path)
            assert [sorted(row[1:]) for row in sizes] == [sorted((info.width, info.height))], path
            seen.add(info.codec)
    assert {"h264", "hevc"} <= seen
    assert picture_sizes(clips / "odd" / "multistream_nasa.mp4") == [(0.0, 480, 270)]
    report = check(clips / "odd" / "multistream_nasa.mp4", CLIP, workers=1, leaks=False)
    assert "picture size" not in [warning["kind"] for warning in report["warnings"]]


def test_doctor_names_the_file_the_second_and_both_sizes(tmp_path):
    joined(tmp_path, "a.ts", "mp4v", [(64, 96), (128, 160), (64, 96)])
    write_video(tmp_path / "b.avi", noise(64, 96, 25))
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(60):
        size = (48, 64) if number < 30 else (64, 64)
        (frames / f"{number:03d}.jpg").write_bytes(encode_image(noise(*size, 1)[0], ".jpg"))
    assert of_pictures(sorted(frames.iterdir()), 30.0) == [(0.0, 64, 48), (1.0, 64, 64)]
    report = check(tmp_path, CLIP, workers=1, leaks=False)
    (warning,) = [warning for warning in report["warnings"] if warning["kind"] == "picture size"]
    assert warning["details"] == [f"{tmp_path / 'a.ts'}: 96x64, from 1.0 s 160x128, and 1 changes more",
                                  f"{frames}: 64x48, from 1.0 s 64x64"]
    assert read_folder(frames, [0, 31]).shape == (2, 48, 64, 3)
