"""From a video file to its five best labels, by the clock: the video decoded, the network, and the rest."""

import time

import numpy as np

TOP = 5


def answered(call, clip, path):
    """A turn: {"decode", "network", "rest", "frames"} in milliseconds of one answer, of the frames in the middle.

    Decoding is opening the file, reading the frames that are wanted and cutting them to size, in one go; the rest is
    what chooses frames before and ranks labels after.
    """
    from pipelines.sample.clips import centre_clip
    from pipelines.video import reading

    def turn():
        began = time.perf_counter()
        info = reading.probe(path)
        probed = time.perf_counter()
        wanted = centre_clip(info, clip)
        chosen = time.perf_counter()
        pixels = reading.read_clip(path, wanted, clip, info=info)
        decoded = time.perf_counter()
        logits = call(pixels[None])[0]
        ran = time.perf_counter()
        np.argsort(logits)[::-1][:TOP]
        ended = time.perf_counter()
        return {"decode": 1000 * (probed - began + decoded - chosen), "network": 1000 * (ran - decoded),
                "rest": 1000 * (chosen - probed + ended - ran)}

    return turn
