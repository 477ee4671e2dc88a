"""Whatever a path or a few bytes hold, reading them ends in frames or in a VideoError: no crash, no hang.

Run as a program, this file mutates real clips and reads them: `python test_video_broken.py FOLDER FIRST LAST`.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest

from pipelines.video import formats, opencv, reading
from pipelines.video.info import VideoError, sniff
from pipelines.video.writer import write_video
from res3d.geometry import ClipSpec

SECONDS = 20.0  # for one mutation, on a busy machine; most take hundredths
MUTATIONS = ("cut", "zero", "shuffle", "flip", "flip_head", "insert", "delete", "repeat", "reverse", "ones")


def mutate(number, data):
    """(name of the change, changed bytes): what `number` decides, and nothing else."""
    rng = random.Random(number)
    kind, data = MUTATIONS[number % len(MUTATIONS)], bytearray(data)
    start = rng.randrange(len(data))
    stop = min(len(data), start + rng.randrange(1, 4096))
    if kind == "cut":
        del data[start:]
    elif kind == "zero":
        data[start:stop] = bytes(stop - start)
    elif kind == "ones":
        data[start:stop] = b"\xff" * (stop - start)
    elif kind == "shuffle":
        size = max(1, len(data) // rng.randrange(2, 40))
        blocks = [data[i:i + size] for i in range(size, len(data), size)]
        rng.shuffle(blocks)
        data[size:] = b"".join(blocks)
    elif kind == "flip":
        for _ in range(rng.randrange(1, 200)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "flip_head":
        for _ in range(rng.randrange(1, 30)):
            data[rng.randrange(min(len(data), 4000))] = rng.randrange(256)
    elif kind == "insert":
        data[start:start] = rng.randbytes(stop - start)
    elif kind == "delete":
        del data[start:stop]
    elif kind == "repeat":
        data[stop:stop] = data[start:stop]
    elif kind == "reverse":
        data[start:stop] = data[start:stop][::-1]
    return kind, bytes(data)


def read_mutations(folder, first, last):
    """Reads mutations `first` to `last`, from a path, memory and a stream; prints each before, in case it crashes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and 0 < path.stat().st_size < 700_000
                   and path.suffix not in (".csv", ".json", ".md", ".txt") and "hdr10" not in path.name)
    usable, memory_file = 0, os.memfd_create
    for number in range(first, last):
        path = files[number * 37 % len(files)]
        kind, data = mutate(number, path.read_bytes())
        print(number, kind, path.name, flush=True)
        began = time.monotonic()
        results = []
        with open(os.path.join(os.environ["TMPDIR"], f"mutation{path.suffix}"), "wb") as file:
            file.write(data)
        for source, memory in ((file.name, None), (data, memory_file), (data, None)):
            os.memfd_create = memory  # without it, bytes are read through a stream
            try:
                info = reading.probe(source, timeout=SECONDS)
                wanted = [min(2 * k, info.num_frames - 1) for k in range(16)]
                assert reading.read_clip(source, wanted, ClipSpec(), timeout=SECONDS).shape == ClipSpec().shape
                results.append(info.num_frames)
            except VideoError as error:
                results.append(error.reason)
        assert results[0], "a failure without a reason"
        assert results[0] == results[1] == results[2], results
        usable += isinstance(results[0], int)
        assert time.monotonic() - began < 4 * SECONDS, "took too long"
    print("usable", usable)


def run_mutations(clips, tmp_path, first, last):
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run([sys.executable, __file__, str(clips), str(first), str(last)], env=environment,
                            capture_output=True, text=True, timeout=280, check=False)
    *lines, end = result.stdout.splitlines()
    assert result.returncode == 0, f"after {end!r}: {result.stderr}"
    assert result.stderr == ""  # libraries keep quiet
    assert len(lines) == last - first
    assert 0 < int(end.removeprefix("usable ")) < last - first


@pytest.mark.slow
@pytest.mark.clips
def test_twenty_mutations(clips, tmp_path):
    run_mutations(clips, tmp_path, 0, 20)


@pytest.mark.slow
@pytest.mark.clips
@pytest.mark.parametrize("first", range(20, 660, 160))
def test_six_hundred_mutations(clips, tmp_path, first):
    run_mutations(clips, tmp_path, first, first + 160)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.mp4"
    write_video(path, [np.full((32, 48, 3), 10 * i, np.uint8) for i in range(6)])
    return path.read_bytes()


@pytest.mark.parametrize("name", [
    "-abc.mp4", "--help", "a%03d.mp4", "a%d.png", "img_%03d.jpg", "[x].mp4", "a b.mp4", "http:x.mp4", "http:||x",
    "rtsp:x", "concat:a|b", "pipe:", "data:x", "file:x", "é.mp4", "a?b=c#d.mp4", "a*b.jpg", "{a,b}.mp4", "a'b\"c.mp4",
    "a\nb.mp4", "a.m3u8", "a.txt", "a.png", "a.jpg", "no_extension", ".hidden", "a" * 250, "$HOME", "~", "a\\b.mp4",
    "nul", ".mp4", os.fsdecode(b"\xff\xfe.mp4"),
])
def test_odd_names(small, tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(small)
    monkeypatch.chdir(tmp_path)
    assert reading.probe(tmp_path / name).num_frames == 6
    assert reading.probe(name).num_frames == 6
    assert len(reading.read_frames(name, [0, 5])) == 2


def test_wrong_extensions_do_not_matter(small, tmp_path):
    for extension in ("avi", "gif", "mpg", "ts", "webm", "jpeg", "y4m", "h264", "sdp", "yuv"):
        (tmp_path / f"a.{extension}").write_bytes(small)
        assert reading.probe(tmp_path / f"a.{extension}").num_frames == 6


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "the file is empty"),
    (b"<!DOCTYPE html><html>404</html>", "not a video but a web page or XML; the download probably failed"),
    (b'{"error": "quota"}', "not a video but a JSON text; the download probably failed"),
    (b"version https://git-lfs.github.com/spec/v1\noid", "not a video but a Git LFS pointer; run `git lfs pull`"),
    (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "not a video but a playlist; playlists are not followed"),
    (b"ffconcat version 1.0\nfile /etc/passwd\n", "not a video but a playlist; playlists are not followed"),
    (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "not a video but a session description; such are not followed"),
    (b"\x89PNG\r\n\x1a\n" + bytes(30), "not a video but a PNG image"),
    (b"\xff\xd8\xff\xe0" + bytes(30), "not a video but a JPEG image"),
    (b"PK\x03\x04" + bytes(30), "not a video but a zip archive; unpack it first"),
    (bytes(5000), "its 5000 bytes begin with zeros only; the copy or download was probably interrupted"),
    (b"hello world\n" * 40, "no video stream was found in this file of 480 bytes"),
    (b"\x00\x00\x00\x18ftypmp42" + bytes(12), "no video stream was found in this mp4 file of 24 bytes"),
])
def test_what_is_no_video_is_named(tmp_path, content, reason):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(VideoError) as caught:
            reading.probe(source)
        assert caught.value.reason.startswith(reason)
        assert str(caught.value).startswith(f"Cannot read video '{caught.value.path}': ")


def test_a_playlist_cannot_reach_another_file(small, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(small)
    lists = tmp_path / "a.mp4"
    for text in (f"#EXTM3U\n#EXTINF:1,\n{tmp_path}/secret.mp4\n", f"\nffconcat version 1.0\nfile {tmp_path}/secret.mp4",
                 f"\ufeff#EXTM3U\n{tmp_path}/secret.mp4"):
        lists.write_text(text, encoding="utf-8")
        with pytest.raises(VideoError, match="playlist"):
            reading.probe(lists)
    lists.rename(tmp_path / "a.mjpg")
    with pytest.raises(VideoError, match="playlist"):
        reading.probe(tmp_path / "a.mjpg")


def id3(length, footer=False):
    """A tag of `length` bytes, as sound files begin with."""
    size = bytes(length >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00" + bytes([0x10 * footer]) + size + bytes(length) + b"3DI\x04\x00\x10" * footer + size * footer


@pytest.mark.parametrize("tags", [id3(0), id3(100), id3(5000), id3(300_000), id3(20) + id3(200), id3(30, footer=True)],
                         ids=["empty", "short", "beyond the head", "long", "two", "footer"])
@pytest.mark.parametrize("text", ["#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
                                  "ffconcat version 1.0\nfile {}\n", "v=0\r\no=- 0 0 IN IP4 {}\r\n"],
                         ids=["m3u", "concat", "sdp"])
def test_a_playlist_behind_a_tag_is_one(small, tmp_path, tags, text):
    (tmp_path / "secret.ts").write_bytes(small)
    content = tags + text.format(tmp_path / "secret.ts").encode()
    (tmp_path / "a.mp4").write_bytes(content)
    for source in (tmp_path / "a.mp4", content):
        with pytest.raises(VideoError, match=r"not a video but a (playlist; playlists|session description; such) are"):
            reading.probe(source)


def test_tags_alone_are_no_video_and_no_empty_file(tmp_path):
    for content, reason in ((id3(64), "no video stream was found in this file of 74 bytes"),
                            (id3(0) * 1000, "it begins with 16 tags and more; it is probably damaged"),
                            (b"ID3\x03\x00\x00\xff\0\0\0" + bytes(50), "no video stream was found")):
        with pytest.raises(VideoError, match=reason):
            reading.probe(content)


@pytest.mark.skipif(cv2.__version__.startswith("4.11."), reason="OpenCV 4.11 hands FFmpeg no list of formats")
def test_ffmpeg_itself_takes_no_file_for_a_playlist(small, tmp_path):
    """What the first bytes do not tell is refused by the list of formats: here nobody looks at them."""
    (tmp_path / "secret.ts").write_bytes(small)
    (tmp_path / "a.m3u8").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{tmp_path}/secret.ts\n"
                                     "#EXT-X-ENDLIST\n")
    assert cv2.VideoCapture(str(tmp_path / "secret.ts"), cv2.CAP_FFMPEG).grab()
    assert not cv2.VideoCapture(str(tmp_path / "a.m3u8"), cv2.CAP_FFMPEG).isOpened()


def test_options_of_ones_own_stay(monkeypatch):
    monkeypatch.setenv(formats.VARIABLE, "rtsp_transport;udp|stimeout;5000")
    formats.allow_files()
    formats.allow_files()  # as a child process does
    first, second, third = os.environ[formats.VARIABLE].split("|")
    assert (first, second) == ("rtsp_transport;udp", "stimeout;5000")
    assert third.startswith("format_whitelist;mov,")
    with formats.streams_allowed():
        assert os.environ[formats.VARIABLE] == "rtsp_transport;udp|stimeout;5000"
    assert os.environ[formats.VARIABLE].endswith(third)
    monkeypatch.setenv(formats.VARIABLE, "format_whitelist;mov,hls")
    formats.allow_files()
    with formats.streams_allowed():
        assert os.environ[formats.VARIABLE] == "format_whitelist;mov,hls"


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    os.symlink(tmp_path / "gone", tmp_path / "dangling")
    os.symlink(tmp_path / "loop", tmp_path / "loop")
    for name, reason in (("", "it is a directory, not a video"), ("pipe", "it is not a regular file"),
                         ("dangling", "there is no such file"), ("none.mp4", "there is no such file"),
                         ("loop", "it cannot be opened: Too many levels of symbolic links"),
                         ("x" * 300, "it cannot be opened: File name too long"), ("a\0b", "not a file name")):
        with pytest.raises(VideoError, match=reason):
            reading.probe(tmp_path / name if name else tmp_path)
    with pytest.raises(VideoError, match="it is not a regular file"):
        reading.probe("/dev/zero")


def test_no_permission(small, tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    path.write_bytes(small)
    path.chmod(0)
    if os.geteuid() == 0:  # for whom permissions do not hold
        def refuse(*arguments):
            raise PermissionError(13, "Permission denied")
        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(VideoError, match="no permission to read it"):
        reading.probe(path)


def test_a_file_that_grows_or_vanishes_after_it_was_opened(small, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(small)
    with opencv.Decoder(path) as decoder:
        path.unlink()
        assert sum(1 for _ in iter(decoder.grab, False)) == 6


def test_an_interrupt_is_not_a_crash(small, tmp_path):
    code = ("import signal, sys\nfrom pipelines import video\ndata = open(sys.argv[1], 'rb').read()\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # in the background it may be ignored
            "print('go', flush=True)\nwhile True:\n    video.read_frames(data, range(6))\n")
    path = tmp_path / "a.mp4"
    path.write_bytes(small)
    child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    with child:
        child.stdout.readline()
        threading.Timer(0.3, lambda: child.send_signal(signal.SIGINT)).start()
        try:
            child.wait(60)
        except subprocess.TimeoutExpired:
            child.kill()
        assert b"KeyboardInterrupt" in child.stderr.read()
        assert child.returncode == -signal.SIGINT


def test_sniff_knows_containers():
    for head, container in ((b"\x1aE\xdf\xa3", "matroska"), (b"RIFF\0\0\0\0AVI LIST", "avi"), (b"GIF89a", "gif"),
                            (b"\0\0\1\xba", "mpeg-ps"), (b"G" + bytes(187) + b"G", "mpeg-ts"), (b"FLV\1", "flv"),
                            (b"0&\xb2u\x8ef\xcf\x11", "asf"), (b"\0\0\0\x14ftypqt", "mp4"), (b"abcdefgh", "unknown")):
        assert sniff(head) == (container, None)


if __name__ == "__main__":
    import pathlib

    read_mutations(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
