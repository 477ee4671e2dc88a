"""From a video file to its five best labels, by the clock: the video decoded, the network, and the rest."""

import numpy as np

TOP = 5


def answered(call, clip, path, clock):
    """A turn: {"decode", "network", "rest"} in milliseconds of `clock`, of one answer.

    The clip is that in the middle. Decoding is opening the file, reading the frames that are wanted and cutting them to
    size, in one go; the rest is what chooses frames before and ranks labels after.
    """
    from pipelines.sample.clips import centre_clip
    from pipelines.video import reading

    def turn():
        began = clock()
        info = reading.probe(path)
        probed = clock()
        wanted = centre_clip(info, clip)
        chosen = clock()
        pixels = reading.read_clip(path, wanted, clip, info=info)
        decoded = clock()
        logits = call(pixels[None])[0]
        ran = clock()
        np.argsort(logits)[::-1][:TOP]
        ended = clock()
        return {"decode": 1000 * (probed - began + decoded - chosen), "network": 1000 * (ran - decoded),
                "rest": 1000 * (chosen - probed + ended - ran)}

    return turn
