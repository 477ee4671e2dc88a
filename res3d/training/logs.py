"""TensorBoard event files: scalars, and clips that play, written without a framework."""

import io
import os
import time

import numpy as np


class EventLog:
    """Appends to an event file below `folder`; the file is opened by the first write.

    Args:
        folder: where TensorBoard will look.
    """

    def __init__(self, folder):
        self.folder = os.fspath(folder)
        self._writer = None

    def scalars(self, values, step):
        """One point per name of the dict `values`."""
        self._write(step, [{"tag": name, "simple_value": float(value)} for name, value in values.items()])

    def clips(self, name, clips, step, fps=8):
        """Clips `(batch, frames, height, width, 3)` uint8, each as a picture that plays."""
        values = []
        for index, clip in enumerate(clips):
            picture = animated_gif(clip, fps)
            image = {"height": clip.shape[1], "width": clip.shape[2], "colorspace": 3, "encoded_image_string": picture}
            values.append({"tag": f"{name}/{index}", "image": image})
        self._write(step, values)

    def close(self):
        """Flushes and closes; a later write opens another file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write(self, step, values):
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        if self._writer is None:
            self._writer = EventFileWriter(self.folder)
        summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(**value) for value in values])
        self._writer.add_event(event_pb2.Event(step=int(step), wall_time=time.time(), summary=summary))
        self._writer.flush()


def animated_gif(clip, fps=8):
    """The bytes of a GIF that plays `clip` `(frames, height, width, 3 or 1)` uint8 for ever.

    >>> animated_gif(np.zeros((2, 4, 4, 3), "uint8"))[:6]
    b'GIF89a'
    """
    from PIL import Image

    clip = np.asarray(clip, "uint8")
    if clip.shape[-1] == 1:
        clip = np.repeat(clip, 3, axis=-1)
    first, *rest = [Image.fromarray(frame) for frame in clip]
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=rest, duration=max(round(1000 / fps), 20), loop=0)
    return buffer.getvalue()
