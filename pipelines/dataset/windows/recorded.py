"""Frames of long videos out of records: those of each video in pieces, a frame a step, and of a piece those wanted."""

import collections
import functools
import io

import numpy as np

from pipelines.dataset.fallback import Fallback
from pipelines.dataset.from_records import frames
from pipelines.records import index, record, tfrecord
from pipelines.sample.streaming import to_network
from pipelines.storage import addresses, files
from pipelines.video.info import VideoError
from pipelines.video.opencv import decode_image
from res3d.geometry import ClipSpec

AT_ONCE = 64  # frames read together where a whole video is wanted


class DamagedPieceError(VideoError):
    """A piece of a video that cannot be read; `part` is which, in words, or None where the video has one alone."""

    def __init__(self, entry, reason):
        super().__init__(entry.path, reason)
        self.part = None if entry.start is None else f"{entry.start:g} s to {entry.end:g} s"


class PieceFallback(Fallback):
    """As `Fallback`, of windows of which one touches a damaged piece and another of the same place does not.

    Each is tried, whatever came of those before, so that what stands in for one depends on the records alone.
    """

    def try_read(self, read, index):
        """`read(index)`, or None for what lies in a damaged piece, which is quarantined."""
        try:
            return read(index)
        except DamagedPieceError as error:
            if self.on_error == "raise":
                self.failure = error
                raise
            self._bad[index] = error.reason
            self.quarantine.add(error.path, error.reason, error.part)
            return None


class RecordedVideos:
    """The videos of a folder that was prepared for spans.

    Args:
        folder: path or address.
        clip: `ClipSpec` that frames are wanted for, or None for those that the records were made for.

    Attributes:
        rate: float. Steps a second.
        steps: {video: how many steps it has}, of those that could be prepared.

    Raises:
        ValueError: for records of clips, and for a clip of other steps or pictures than they hold.
    """

    def __init__(self, folder, clip=None):
        self.pieces = collections.defaultdict(list)
        for entry in index.read(folder, task="spans"):
            self.pieces[entry.path].append(entry)
        made_for = ClipSpec.from_dict(index.read_summary(folder)["options"]["clip"])
        self.clip, self.rate = clip or made_for, made_for.fps / made_for.stride
        self.firsts = {video: np.cumsum([0, *(piece.frames for piece in pieces)])
                       for video, pieces in self.pieces.items()}
        self.steps = {video: int(firsts[-1]) for video, firsts in self.firsts.items()}
        self.folder = folder
        self._check(made_for)

    @functools.cached_property
    def _left_out(self):
        return index.left_out(self.folder)

    def _check(self, made_for):
        clip = self.clip
        sizes = {(piece.height, piece.width) for pieces in self.pieces.values() for piece in pieces}
        alike = clip.resize == made_for.resize and all(clip.resized_size(*size) == size for size in sizes)
        if alike and not clip.in_segments and clip.fps is not None and np.isclose(clip.fps / clip.stride, self.rate):
            return
        flags = " ".join(f"--set {place}={value}" for place, value in settings_of(made_for).items())
        raise ValueError(f"Expected a window of {self.rate:g} steps a second and frames resized to {made_for.resize}, "
                         f"as the records in '{addresses.shown(self.folder)}' hold them. Received: {clip!r}. Take "
                         f"those: {flags}, or prepare the videos again for this one.")

    def pictures(self, video, steps):
        """{step: uint8 RGB (height, width, 3), the whole picture}; DamagedPieceError where one cannot be had."""
        steps, firsts, found = np.unique(steps), self.firsts[video], {}
        numbers = np.searchsorted(firsts, steps, side="right") - 1
        for number in np.unique(numbers).tolist():
            mine, piece = steps[numbers == number], self.pieces[video][number]
            found |= zip(mine.tolist(), _pictures(piece, (mine - firsts[number]).tolist()))
        return found

    def network_frames(self, video):
        """Yields the frames of all steps of a video as the network sees them, as `taken_frames` does of a file.

        Raises:
            VideoError: for a video that could not be prepared, or a piece of it that is damaged.
        """
        if video not in self.steps:
            raise VideoError(video, self.why_not(video))
        for start in range(0, self.steps[video], AT_ONCE):
            steps = range(start, min(start + AT_ONCE, self.steps[video]))
            for picture in self.pictures(video, steps).values():
                yield to_network(picture, self.clip)

    def why_not(self, video):
        """Why a video has no frames here."""
        return self._left_out.get(addresses.shown(video), "it is not among the records")


def settings_of(clip):
    """{field of a recipe: value} that make windows of the steps and pictures of a clip."""
    resize = clip.resize if isinstance(clip.resize, int) else f"[{clip.resize[0]},{clip.resize[1]}]"
    return {"clip.fps": clip.fps, "clip.stride": clip.stride, "clip.height": clip.height, "clip.width": clip.width,
            "clip.resize": resize}


def _pictures(piece, numbers):
    try:
        found = [decode_image(data) for data in _encoded(piece, numbers)]
    except OSError as error:
        raise DamagedPieceError(piece, f"its shard '{addresses.shown(piece.shard)}' cannot be read: "
                                       f"{error.strerror or error}; copy it again") from None
    except ValueError as error:
        raise DamagedPieceError(piece, error.reason if isinstance(error, VideoError) else str(error)) from None
    if any(picture.shape[:2] != (piece.height, piece.width) for picture in found):
        raise DamagedPieceError(piece, f"the record at {piece} has frames that are not {piece.height}x{piece.width}; "
                                       "prepare the data again")
    return found


def _encoded(piece, numbers):
    """The image files of some frames of a piece; from a disk their bytes alone are read."""
    if not addresses.is_remote(piece.shard):
        path = addresses.local_path(piece.shard)
        return frames.read(path, piece.offset, piece.length, piece.frames, numbers)
    found = _remote(piece)
    return [found[number] for number in numbers]


@functools.lru_cache(maxsize=8)  # windows that follow each other, and whole videos, ask for the same
def _remote(piece):
    with files.open_file(piece.shard) as file:
        file.seek(piece.offset)
        data = io.BytesIO(file.read(tfrecord.HEADER_BYTES + piece.length + tfrecord.FOOTER_BYTES))
    return record.decode(tfrecord.read_at(data, 0, addresses.shown(piece.shard)), str(piece)).frames
