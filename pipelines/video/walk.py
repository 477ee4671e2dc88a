"""The way through an open video to the frames that are wanted: forwards, and by jumps where these are shown exact."""

import bisect
from collections.abc import Iterable, Iterator

from pipelines.video.info import VideoInfo

COST = 24  # frames that a jump is worth: one takes the time of about 20
SHOWN = 64  # frames behind the next jump, up to which a jump has been shown to give the pixels of a full decode


class MovedError(Exception):
    """A jump came out elsewhere: the file is not the one that was probed."""


def pictures(video, wanted: Iterable[int], info: VideoInfo | None) -> Iterator[tuple[int, object]]:
    """(number, picture, blue first) of each frame in `wanted` that decodes; the picture is overwritten by the next.

    Args:
        video: `Decoder`, newly opened. Its `index` tells afterwards how far decoding came.
        wanted: ints, rising.
        info: `VideoInfo` of the very file, whose `jumps` are made where they save time, or None.

    Raises:
        MovedError: if a jump does not come out where `info` says. Begin again without.
    """
    jumps = info.jumps if info is not None else ()
    landings = [frame for _, frame, _ in jumps]
    picture, shown = None, None
    for frame in wanted:
        number = bisect.bisect_right(landings, frame) - 1
        if number >= 0 and (video.index + COST < landings[number] or (shown is not None and frame > shown)):
            if not video.jump(*jumps[number]):
                raise MovedError
            shown = landings[number + 1] + SHOWN if number + 1 < len(jumps) else None
        while video.index < frame and video.grab():
            pass
        if video.index < frame:
            return
        picture = video.retrieve(picture)
        yield frame, picture

